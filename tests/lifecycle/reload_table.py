#!/usr/bin/env python3
"""Memory that reloading scripts costs, beside what CPython alone loses; fails over the limits.

usage: reload_table.py BARE RELOAD [--cycles N] [--bare-cycles N] [--warm-up N] [--runtime NAME]
                       [--script NAME]

BARE and RELOAD are the programs built from bare.c and reload.cpp. Run it with the Python that both
were built for. Each figure comes from a process of its own.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent / "scripts"
KINDS = ["empty", "heavy", "threaded", "fresh", "patched"]
# These take a new interpreter at each load, so that CPython loses what it loses of any that ends.
LOST = ["fresh", "patched"]
# What the library imports into an interpreter for itself is lost with it.
OWN_PART_KB = 60
RUNTIMES = ["sub", "main", "own-gil"] if sys.version_info >= (3, 12) else ["sub", "main"]
# Two equal runs differ by up to 1 MB of resident memory in all.
NOISE_KB = 1024
# The library keeps nothing for a script that has gone, but allocators spread differently.
TOLERANCE = 1.1
CYCLE_SECONDS = 2


class Figure:
    """What a cycle cost, or why it could not be measured."""

    def __init__(self, program, runtime, kind, warm_up, cycles):
        command = [program, runtime, SCRIPTS / f"{kind}.py", warm_up, cycles]
        limit = CYCLE_SECONDS * (cycles + warm_up) + 30
        self.kb = self.ms = None
        try:
            run = subprocess.run(
                [str(word) for word in command], capture_output=True, text=True, timeout=limit
            )
        except subprocess.TimeoutExpired:
            self.failure, self.output = f"no end after {limit} s", ""
            return
        self.output = (run.stdout + run.stderr)[-3000:]
        found = re.search(r"^RESULT (\S+) KB (\S+) ms$", run.stdout, re.MULTILINE)
        self.failure = f"exit code {run.returncode}" if run.returncode or not found else ""
        if not self.failure:
            self.kb, self.ms = float(found[1]), float(found[2])

    def __str__(self):
        return self.failure or f"{self.kb:.1f} KB {self.ms:.1f} ms"


def limit_kb(runtime, kind):
    """What the project promises for a cycle; None where it only promises to match CPython."""
    if runtime == "main":
        return 20
    if sys.version_info >= (3, 14):
        return 30
    if kind in LOST:
        return None
    if sys.version_info < (3, 12):
        return 30
    if runtime == "own-gil":
        return None
    return 200 if kind == "empty" else 300


def own_part_kb(runtime, kind):
    return OWN_PART_KB if kind in LOST and runtime != "main" else 0


def problem(ours, bare, limit, own_part, noise):
    """Why a figure of ours is too high, or None."""
    if ours.failure:
        return f"reload: {ours.failure}\n{ours.output}"
    if limit is not None and ours.kb > limit + noise:
        return f"{ours.kb:.1f} KB are over the limit of {limit} KB"
    if not bare.failure and ours.kb > max(bare.kb, 0) * TOLERANCE + own_part + noise:
        return f"{ours.kb:.1f} KB are more than the {bare.kb:.1f} KB of CPython alone"
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bare", type=Path)
    parser.add_argument("reload", type=Path)
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--bare-cycles", type=int, help="those of CPython alone (default: as many)")
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--runtime", choices=RUNTIMES, action="append")
    parser.add_argument("--script", choices=KINDS, action="append")
    return parser.parse_args()


def main():
    options = arguments()
    bare_cycles = options.bare_cycles or options.cycles
    noise = NOISE_KB / min(options.cycles, bare_cycles)
    problems = []
    print(
        f"Python {sys.version.split()[0]}, {options.cycles} cycles after {options.warm_up}; "
        f"memory is judged to {noise:.1f} KB a cycle"
    )
    row = "{:8} {:9} {:>22} {:>22} {:>9}"
    print(row.format("runtime", "script", "library, a cycle", "bare CPython", "limit"), flush=True)
    for runtime in options.runtime or RUNTIMES:
        for kind in options.script or KINDS:
            ours = Figure(options.reload, runtime, kind, options.warm_up, options.cycles)
            bare = Figure(options.bare, runtime, kind, options.warm_up, bare_cycles)
            limit = limit_kb(runtime, kind)
            shown = "-" if limit is None else f"{limit} KB"
            print(row.format(runtime, kind, str(ours), str(bare), shown), flush=True)
            found = problem(ours, bare, limit, own_part_kb(runtime, kind), noise)
            if found:
                problems.append(f"{runtime} {kind}: {found}")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
