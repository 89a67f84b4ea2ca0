# Finalizers of weak references are called in a script's time, and not later.
import gc
import os
import weakref

FILE = f"{__file__[:-3]}.finalized"


class Thing:
    pass


def write(text):
    with open(FILE, "a") as file:
        file.write(f"{text}\n")


if os.path.exists(FILE):
    with open(FILE) as file:
        written = file.read().split()
    os.unlink(FILE)
else:
    written = ["exit"]
thing = Thing()
finalizer = weakref.finalize(thing, write, "exit")
table = weakref.WeakValueDictionary(thing=thing)


def check():
    other = Thing()
    reference = weakref.ref(other)
    del other
    gc.collect()
    if reference() is not None or table["thing"] is not thing:
        return "a reference"
    return "ok" if written == ["exit"] else f"at the unload before: {written}"
