# What a script has pickled it can read after a reload, with its new classes.
import os
import pickle

FILE = f"{__file__[:-3]}.pickle"


class Thing:
    loads = 0


if os.path.exists(FILE):
    with open(FILE, "rb") as file:
        thing = pickle.load(file)
else:
    thing = Thing()
thing.loads += 1
with open(FILE, "wb") as file:
    pickle.dump(thing, file)


def check():
    return "ok" if type(thing) is Thing and thing.loads >= 1 else repr(thing)
