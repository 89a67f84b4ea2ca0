#!/usr/bin/env python3
"""Runs a test program under a memory checker; fails on errors and leaks from our side.

usage: check_memory.py valgrind PROGRAM [ARGUMENT...]
       check_memory.py address PROGRAM [ARGUMENT...]   (a program built with -fsanitize=address)

Wrong accesses always fail. A leak, or a use of an uninitialised value, is from our side when the
code that allocated or used it (the first frame that is neither an allocator nor of the C++ standard
library) lies in the library, in its C++ header or in the test program. CPython loses memory of its
own with each sub-interpreter and reads the unset digit of a zero; such frames lie in libpython.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = re.compile(
    r"libvh_python_wrapper\.so|vh_contract|vh_header_address|vh_python\.hpp|_test\.cpp|fake_hub\.cpp"
    r"|blocks\.cpp|caller\.cpp|\.rs:|variadic\.c:"
)
ALLOCATOR = re.compile(
    r"\b(malloc|calloc|realloc|reallocarray|memalign|posix_memalign|aligned_alloc|strn?dup)\b"
    r"|operator new|_interceptor_|__rust_|__rdl_|/include/c\+\+/"
)
# Sources that are not ours, by their paths.
FOREIGN = re.compile(r"/rustc/|library/(std|core|alloc)/|/libsanitizer/|/registry/|\+0x|/usr/")
FRAME = re.compile(r"(==\d+==)?\s+((at|by) 0x[0-9A-F]+:|#\d+ 0x[0-9a-f]+)")
WRONG_ACCESS = re.compile(
    r"Invalid (read|write|free)|Mismatched free|overlap in mem|Process terminating"
    r"|ERROR: AddressSanitizer"
)
# These count when their first frame is ours.
LEAK_OR_UNSET = re.compile(
    r"(definitely|indirectly) lost in loss record|(Direct|Indirect) leak of|uninitialised value"
    r"|uninitialised byte"
)


def records(report):
    """Yields each stack of the report as (the text before it, its frames)."""
    headline, frames = [], []
    for line in report.splitlines() + [""]:
        if FRAME.match(line):
            frames.append(line)
            continue
        if frames:
            yield "\n".join(headline), frames
            headline, frames = [], []
        headline.append(line)


def is_ours(frames):
    """Tells whether the first frame that is no allocator belongs to us."""
    return any(OURS.search(frame) for frame in [f for f in frames if not ALLOCATOR.search(f)][:1])


def problems(report):
    """Returns the records of the report that are our fault, each as text."""
    return [
        "\n".join([headline, *frames])
        for headline, frames in records(report)
        if WRONG_ACCESS.search(headline) or (LEAK_OR_UNSET.search(headline) and is_ours(frames))
    ]


def in_a_line(problem):
    """A problem for a log that is cut: what it is, and in which places, our own first."""
    told = next(
        line.strip()
        for line in problem.splitlines()
        if LEAK_OR_UNSET.search(line) or WRONG_ACCESS.search(line)
    )
    ours_first = sorted(places(problem), key=lambda place: bool(FOREIGN.search(place)))
    return " < ".join([told.split(" allocated from")[0], *map(shortened, ours_first)])


def kind(problem):
    """What two runs have in common where they show the same fault: the places, innermost first."""
    return tuple(places(problem))


def places(problem):
    return [FRAME.sub("", line).split()[-1] for line in problem.splitlines() if FRAME.match(line)]


def shortened(place):
    """A place in the source without the folder of the checkout."""
    return place.replace(f"{ROOT}/", "")


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
    options = f"detect_leaks=1:malloc_context_size=20:log_path={report}"
    # CPython's leaks must not fail the run; wrong accesses are found in the report.
    return run(command, ASAN_OPTIONS=options, LSAN_OPTIONS="exitcode=0")


def run(command, **variables):
    """Returns the exit status. CPython's own arenas would hide what lies in them."""
    environment = dict(os.environ, PYTHONMALLOC="malloc", **variables)
    return subprocess.run(command, env=environment).returncode


RUNNERS = {"valgrind": run_valgrind, "address": run_address}


def check(checker, command):
    """Runs the command under the checker; returns its exit status and what is our fault."""
    with tempfile.TemporaryDirectory() as folder:
        status = RUNNERS[checker](command, Path(folder) / "report")
        reports = [path.read_text(errors="replace") for path in sorted(Path(folder).iterdir())]
    return status, [problem for report in reports for problem in problems(report)]


def check_twice_for_leaks(checker, command):
    """Like `check`; leaks count when a second run has them too.

    LeakSanitizer looks a thread's stack up by the kernel's number of the thread, and takes that of an
    ended one where the kernel has given the number again: what the living thread alone knows looks
    lost then. Numbers are soon given again on a busy machine.
    """
    status, found = check(checker, command)
    if not found or status != 0 or any(WRONG_ACCESS.search(problem) for problem in found):
        return status, found
    for problem in found:
        print(f"{checker}: looked at again: {in_a_line(problem)}")
    status, again = check(checker, command)
    seen = {kind(problem) for problem in found}
    return status, [
        problem for problem in again if WRONG_ACCESS.search(problem) or kind(problem) in seen
    ]


def main(checker, *command):
    status, found = check_twice_for_leaks(checker, command)
    if found or status != 0:
        print(*found, sep="\n\n")
        for problem in found:
            print(f"{checker}: problem: {in_a_line(problem)}")
        print(f"{checker}: {len(found)} problems, exit status {status}")
        return 1
    print(f"{checker}: no errors, 0 bytes lost by our side")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
