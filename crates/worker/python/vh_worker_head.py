"""What the parts that all runtimes share (`crates/core/src/parts`) find in a process of its own.

They follow this text in one module, and vh_worker.py follows them.
"""

import gc  # noqa: F401 The parts use it.
import sys

# The base of their classes.
Part = object
# Where modules are looked for before the script adds its folders.
SEARCH_PATH = list(sys.path)
# The `__main__` before that of the script.
FIRST_MAIN = sys.modules.get("__main__")
# No other script will find what this one found.
BASELINE = {}


def loaded(name):
    return sys.modules.get(name)


def in_host_call():
    """Whether this thread runs a request of the host."""
    return get_ident() == MAIN and bool(script.requests)


def notify(_):
    """Asks for the script's jobs to be run by the host."""
    if len(script.jobs) > MOST_JOBS:
        raise RuntimeError("run_in_host(): too many calls from threads wait for the hub")
    send_event("jobs", None)


def thread_frames():
    """The innermost frames of threads that the script has started."""
    frames = sys._current_frames()
    return [frame for thread, frame in frames.items() if thread not in script.own_threads()]


def serve():
    """The host answers the calls of other threads while this one waits for it."""


def output_owner():
    """The process has one script."""


def log_for(owner_and_text):
    send_event("error", clean(owner_and_text[1]))


def remedy(_):
    """Every package can live in a process of its own."""
    return ""
