"""Lets every point of the library panic, each in a process of its own, and looks what comes of it.

Usage: run.py HOST [POINT...]

The library tells its points itself, so that none is forgotten; one that no round of the host reaches
is an error. After a panic the process must live, the log must name the point in exactly one line, and
everything must work: every exported function, scripts in all runtimes, calls of their threads,
deadlines, unloading.
"""

import concurrent.futures
import os
import subprocess
import sys

# A round takes two seconds; what waits for ever is a fault.
TIMEOUT = 240

# Points that the Python of this version does not reach.
NOT_REACHED = {
    "the Python function force_stop::step": sys.version_info < (3, 12),
    "the trace function trace": sys.version_info >= (3, 12),
    "the Python function prime": sys.version_info >= (3, 13),
    "the Python function strptime_here": sys.version_info >= (3, 13),
    "python-ticker": sys.version_info >= (3, 13),
    "python-ticker, inside of its interpreter": sys.version_info >= (3, 13),
}


def run(host, *arguments):
    """The exit status and the lines that were written."""
    environment = dict(os.environ, VH_PYTHON_CRASH_REPORT="0", VH_PYTHON_CALL_TIMEOUT="3")
    command = [host, *arguments]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT,
            env=environment,
        )
    except subprocess.TimeoutExpired as expired:
        return "it waits for ever", (expired.stdout or b"").decode(errors="replace").splitlines()
    return done.returncode, done.stdout.decode(errors="replace").splitlines()


def told(lines, point):
    """Lines of the log that tell of a panic at the point."""
    asked = f'the test asks for it at "{point}"'
    return [line for line in lines if asked in line and "Please report this line" in line]


def struck(lines):
    counts = [line.split()[1] for line in lines if line.startswith("STRUCK ")]
    return int(counts[0]) if counts else 0


def check(host, times, *points):
    """What is wrong when these points panic, and all that was written."""
    status, lines = run(host, "run", str(times), *points)
    faults = []
    if status != 0:
        faults.append(f"the host's exit status is {status}")
    count = struck(lines)
    if count < times * len(points):
        faults.append(f"{count} panics came of {times} for each point: is it reached by host.cpp?")
    names = sum(len(told(lines, point)) for point in points)
    if names != count:
        faults.append(f"the log tells of {names} panics, and there were {count}")
    faults += [line for line in lines if line.startswith("WRONG ")]
    return faults, lines


def twice(host):
    """A panic while a panic is told: it is told all the same."""
    # Nothing is logged before.
    first = "w_pack: refusing a format"
    faults, lines = check(host, 1, first, "writing to the log")
    # The second one is in no line of its own.
    expected = "the log tells of 1 panics, and there were 2"
    faults = [fault for fault in faults if fault != expected]
    if not any("the log has failed, too" in line for line in told(lines, first)):
        faults.append("no line says that the log has failed")
    return faults, lines


def each_function(host):
    point = "the Python function vh_function"
    status, lines = run(host, "each", point)
    faults = [line for line in lines if line.startswith("WRONG ")]
    if status != 0 or struck(lines) < 50 or len(told(lines, point)) != struck(lines):
        faults.append(f"status {status}, {struck(lines)} panics, {len(told(lines, point))} told")
    return faults, lines


def failure_values(host):
    status, lines = run(host, "values")
    return [line for line in lines if line.startswith("WRONG ")] + [
        f"the host's exit status is {status}" for _ in range(status != 0)
    ], lines


def refusal(host):
    """A hook that is to refuse does so when the library has a fault."""
    point = "w_CallHook"
    status, lines = run(host, "refuse", point)
    faults = [line for line in lines if line.startswith("WRONG ")]
    if status != 0 or struck(lines) != 1:
        faults.append(f"status {status}, {struck(lines)} panics")
    return faults, lines


def main_fails_to_prepare(host):
    """Whoever waits for the main interpreter hears of it, and the next one gets it."""
    point = "preparing the main interpreter"
    status, lines = run(host, "run", "100", point)
    faults = [line for line in lines if line.startswith("WRONG ")]
    if status != 0 or struck(lines) == 0 or len(told(lines, point)) != struck(lines):
        faults.append(f"status {status}, {struck(lines)} panics, {len(told(lines, point))} told")
    if "NOT LOADED main unavailable" not in lines:
        faults.append("no load failed for it")
    return faults, lines


def cases(host, points):
    for point in points:
        yield point, lambda point=point: check(host, 1, point)
    yield "python-watchdog dies eight times", lambda: check(host, 8, "python-watchdog, at a tick")
    yield "a panic while a panic is told", lambda: twice(host)
    yield "each function of vh", lambda: each_function(host)
    yield "failure values of exported functions", lambda: failure_values(host)
    yield "a hook refuses", lambda: refusal(host)
    yield "main cannot be prepared", lambda: main_fails_to_prepare(host)


def main(host, *wanted):
    status, points = run(host, "points")
    if status != 0 or len(points) < 50:
        sys.exit(f"the library tells of {len(points)} points, status {status}")
    points = sorted(set(points))
    points = [point for point in points if not NOT_REACHED.get(point)]
    chosen = [case for case in cases(host, points) if not wanted or case[0] in wanted]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for (name, _), (faults, lines) in zip(chosen, pool.map(lambda case: case[1](), chosen)):
            print(f"{'failed' if faults else 'ok':6} {name}", flush=True)
            if faults:
                failed += 1
                print(*(f"       {fault}" for fault in faults), sep="\n")
                print(*(f"       | {line}" for line in lines), sep="\n", flush=True)
    if failed or not chosen:
        sys.exit(f"{failed} of {len(chosen)} failed")
    print(f"{len(chosen)} panics, and the host lived on")


if __name__ == "__main__":
    main(*sys.argv[1:])
