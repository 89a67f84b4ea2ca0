#!/usr/bin/env python3
"""Counts the instructions of the benchmark's short calls with valgrind.

usage: instructions.py write|check VH_BENCH FILE

`write` counts and writes FILE. `check` counts and fails when a row takes more than 5 % more than FILE
says; it ends with 77, which ctest shows as skipped, when FILE was written for another version of
Python or another machine, whose counts cannot be compared.

Only the host's own thread counts, and only between two points of the same program, so that starting
Python and the waiting of other threads fall out.
"""

import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile

TIMES = 2000
ALLOWED = 1.05
SKIPPED = 77
HEAD = """\
# Instructions of one call, the floor not among them. Written by `make bench-instr`, compared by ctest
# (bench.instructions), which fails when a row grows by more than 5 %.
"""


def run(bench, folder):
    """The rows in order with how often their work was done, and callgrind's dumps."""
    command = [
        "valgrind",
        "--tool=callgrind",
        f"--callgrind-out-file={folder}/dump",
        "--separate-threads=yes",
        "--toggle-collect=vh_bench_counted",
        "--dump-after=vh_bench_counted",
        bench,
        "--count",
        str(TIMES),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return [
        (match[2], int(match[1]))
        for match in re.finditer(r"^COUNT (\d+) (.+)$", done.stdout, re.MULTILINE)
    ]


def total(folder, part):
    """Instructions in one dump; the host's thread is the first."""
    text = pathlib.Path(folder, f"dump.{part}-01").read_text(encoding="utf-8")
    return int(re.search(r"^totals: (\d+)", text, re.MULTILINE)[1])


def count(bench):
    with tempfile.TemporaryDirectory() as folder:
        rows = run(bench, folder)
        # Each row's work is done `times` and then twice as often.
        return {
            name: (total(folder, 2 * row + 2) - total(folder, 2 * row + 1)) / times
            for row, (name, times) in enumerate(rows)
        }


def place():
    """What counts depend on beside the library."""
    version = "{}.{}".format(*sys.version_info)
    return f"# Python {version}, {platform.machine()}"


def write(counts, file):
    lines = [f"{round(number):>9}  {name}\n" for name, number in counts.items()]
    file.write_text(f"{HEAD}{place()}\n{''.join(lines)}", encoding="utf-8")
    print(file.read_text(encoding="utf-8"), end="")


def read(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if not line.startswith("#"))
    return {name: int(number) for number, name in pairs}


def check(counts, expected):
    failures = 0
    for name in sorted(expected.keys() | counts.keys()):
        if name not in counts or name not in expected:
            print(f"{name}: only {'counted' if name in counts else 'in the file'}")
            failures += 1
            continue
        growth = counts[name] / expected[name]
        fails = growth > ALLOWED
        failures += fails
        print(f"{'FAIL' if fails else 'ok':<4}  {growth - 1:+7.2%}  {counts[name]:9.0f}  {name}")
    return failures


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    goal, bench, file = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    if goal == "write":
        write(count(bench), file)
        return 0
    written_for = re.search("^# Python .*", file.read_text(encoding="utf-8"), re.MULTILINE)[0]
    if written_for != place():
        print(f"skipped: {file.name} says {written_for!r}, this is {place()!r}")
        return SKIPPED
    failures = check(count(bench), read(file))
    if failures:
        print(
            f"{failures} rows differ from {file.name} by more than 5 %. When that is meant, run "
            "make bench-instr and commit the file"
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
