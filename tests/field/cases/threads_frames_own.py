# Of threads and their exceptions a script sees its own alone.
# field: runtimes = sub own-gil
import sys
import threading
import time


def work():
    try:
        raise KeyError("of another script")
    except KeyError:
        while True:
            time.sleep(0.01)


threading.Thread(target=work, daemon=True).start()


def is_working(frame):
    while frame is not None:
        if frame.f_code.co_name == "work":
            return True
        frame = frame.f_back
    return False


def check():
    end = time.monotonic() + 60
    while sum(map(is_working, sys._current_frames().values())) != 1:
        if time.monotonic() > end:
            return f"{len(sys._current_frames())} threads"
    if hasattr(sys, "_current_exceptions"):
        try:
            raise ValueError("mine")
        except ValueError as mine:
            (found,) = sys._current_exceptions().values()
            if found is not mine and found[1] is not mine:
                return repr(found)
    return "ok"
