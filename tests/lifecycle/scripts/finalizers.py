"""Things with finalizers, held in many ways: what they print must not depend on who runs the script."""

import contextlib
import io
import json
import types
import weakref

CONSTANT = 42
_private_constant = 43


def tell(what):
    print("fin:", what, json.dumps([CONSTANT, _private_constant, len(globals()) > 20]), flush=True)


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        tell(self.name)


def generator(name):
    try:
        yield 1
    finally:
        tell(name)


async def coroutine(name):
    try:
        await wait()
    finally:
        tell(name)


@types.coroutine
def wait():
    yield


@contextlib.contextmanager
def context(name):
    try:
        yield name
    finally:
        tell(name)


def started(thing):
    next(thing) if hasattr(thing, "__next__") else thing.send(None)
    return thing


def function():
    pass


class Holder:
    attribute = Noisy("attribute of a class")


public = Noisy("public")
_private = Noisy("private")
Aupper = Noisy("early in the alphabet")
listed = [Noisy("in a list")]
cycle = Noisy("in a cycle")
cycle.itself = cycle
function.attribute = Noisy("attribute of a function")
module = types.ModuleType("made")
module.thing = Noisy("in a module")
closure = (lambda thing: lambda: thing)(Noisy("in a closure"))
generated = started(generator("generator"))
generators = [started(generator("generator in a list"))]
waiting = started(coroutine("coroutine"))
entered = context("context manager")
entered.__enter__()
watched = Noisy("watched")
callback = weakref.ref(watched, print)
zlast = Noisy("late in the alphabet")


class Written(io.RawIOBase):
    """What comes through to a file that is left open."""

    def writable(self):
        return True

    def write(self, data):
        print("fin:", bytes(data), flush=True)
        return len(data)


files = [io.TextIOWrapper(io.BufferedWriter(Written())) for _ in range(3)]
for file in files:
    file.write("left open\n")
del file
