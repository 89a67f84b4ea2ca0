#!/usr/bin/env python3
"""Runs a test program under a memory checker and fails on errors and on leaks from our side.

usage: check_memory.py valgrind PROGRAM [ARGUMENT...]
       check_memory.py address PROGRAM [ARGUMENT...]   (the program is built with VH_SANITIZE=address)

A leak is from our side when the code that allocated it (the first frame that is no allocator) lies
in the library or in the test program. CPython keeps and loses memory of its own at each process
end and with each sub-interpreter; such allocations come out of libpython.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = ("libvh_python_wrapper.so", "vh_gtest")
ALLOCATORS = re.compile(
    r"\b(malloc|calloc|realloc|reallocarray|memalign|posix_memalign|aligned_alloc|strn?dup"
    r"|operator new|__interceptor_\w+|_Zn[wa]\w*)\b"
)
LEAK_START = re.compile(r"are definitely lost|are indirectly lost|\(direct|(Direct|Indirect) leak of")
FRAME = re.compile(r"^(?:==\d+==)?\s+(?:(?:at|by) 0x[0-9A-F]+:|#\d+ 0x[0-9a-f]+)")
ERRORS = re.compile(
    r"ERROR: AddressSanitizer|Invalid (read|write|free)|Mismatched free|uninitialised value"
    r"|overlap in mem|Process terminating"
)


def leaks_from_our_side(report):
    """Returns the loss records of the report that our code allocated."""
    found = []
    record = []
    for line in report.splitlines() + [""]:
        if record and FRAME.match(line):
            record.append(line)
            continue
        if len(record) > 1 and is_ours(record[1:]):
            found.append("\n".join(record))
        record = [line] if LEAK_START.search(line) else []
    return found


def is_ours(frames):
    """Tells whether the frame that asked for the memory belongs to us."""
    for frame in frames:
        if not ALLOCATORS.search(frame):
            return any(module in frame for module in OURS)
    return False


def errors(report):
    """Returns the lines that tell of wrong memory accesses."""
    return [line for line in report.splitlines() if ERRORS.search(line)]


def run_valgrind(command, report):
    """Runs the command under valgrind; its output goes to the file `report`."""
    options = [
        "--leak-check=full",
        "--show-leak-kinds=definite,indirect",
        "--num-callers=12",
        f"--log-file={report}",
    ]
    return run(["valgrind", *options, *command])


def run_address(command, report):
    """Runs an instrumented command; reports go to files whose names begin with `report`."""
    # A leak is judged by the frame that called the allocator, which is right in short stacks too.
    options = f"detect_leaks=1:malloc_context_size=6:exitcode=23:log_path={report}"
    return run(command, ASAN_OPTIONS=options, LSAN_OPTIONS="exitcode=0")


def run(command, **variables):
    """Returns the exit status. CPython's own arenas would hide what lies in them."""
    environment = dict(os.environ, PYTHONMALLOC="malloc", **variables)
    return subprocess.run(command, env=environment).returncode


RUNNERS = {"valgrind": run_valgrind, "address": run_address}


def main(checker, *command):
    with tempfile.TemporaryDirectory() as folder:
        status = RUNNERS[checker](command, Path(folder) / "report")
        reports = [path.read_text(errors="replace") for path in sorted(Path(folder).iterdir())]
    text = "".join(reports)
    problems = errors(text) + leaks_from_our_side(text)
    print(*problems, sep="\n")
    if problems or status != 0 or not reports and checker == "valgrind":
        print(f"{checker}: {len(problems)} problems, exit status {status}")
        return 1
    print(f"{checker}: no errors, 0 bytes lost by our side")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
