# Where its threads are, as monitors of threads ask, while the threads of others go on.
import sys
import threading
import time


def inner(depth):
    return inner(depth - 1) if depth else time.monotonic()


def work():
    while True:
        inner(50)
        time.sleep(0)


worker = threading.Thread(target=work, daemon=True)
worker.start()


def names(frame):
    found = []
    while frame is not None:
        found.append(frame.f_code.co_name)
        frame = frame.f_back
    return found


def check():
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        frames = sys._current_frames()
        if names(frames[threading.get_ident()])[0] != "check":
            return "this thread is elsewhere"
        if "work" not in names(frames.get(worker.ident)):
            return "the other thread is elsewhere"
    return "ok"
