"""A script that changes what it can reach; the next script in its interpreter must not see it."""

import abc
import asyncio
import builtins
import collections.abc
import contextvars
import copyreg
import decimal
import gc
import io
import logging
import os
import sys
import threading
import types
import warnings

Shape = type("Shape", (), {})


def failing(*args, **kwargs):
    raise RuntimeError("left behind by another script")


# Import.
sys.path[:] = ["/leftover"]
sys.path_hooks.insert(0, failing)
sys.path_importer_cache["/leftover"] = None
sys.meta_path.insert(0, types.SimpleNamespace(find_spec=failing))
sys.dont_write_bytecode = True

# Streams and hooks.
sys.stdout = sys.stderr = sys.__stdout__ = None
sys.excepthook = sys.displayhook = sys.unraisablehook = threading.excepthook = failing
sys.breakpointhook = failing
sys.argv = ["leftover"]

# Registries.
copyreg.dispatch_table[Shape] = failing
warnings.simplefilter("error")
logging.getLogger().addHandler(logging.NullHandler())
logging.disable(logging.CRITICAL)

# Settings of the interpreter and of the thread.
gc.disable()
gc.set_threshold(7, 7, 7)
gc.callbacks.append(failing)
gc.freeze()
sys.setrecursionlimit(123)
sys.set_coroutine_origin_tracking_depth(5)
sys.set_asyncgen_hooks(failing, failing)
decimal.getcontext().prec = 3
contextvars.ContextVar("leftover").set(1)
asyncio.set_event_loop(asyncio.new_event_loop())
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)
threading.settrace(failing)
threading.setprofile(failing)
sys.setprofile(lambda *_: None)
sys.settrace(lambda *_: None)

# Modules, and what is in them.
os.getcwd = os.path.join = failing
io.open = builtins.open = builtins.print = failing
builtins.leftover = 1
del builtins.len
sys.modules["leftover"] = types.ModuleType("leftover")
sys.modules["re"] = None
del sys.modules["os"]
collections.abc.Sequence.register(Shape)
collections.abc.Sequence.leftover = 1
abc.ABC.leftover = 1
os._Environ.__getitem__ = failing
builtins.__import__ = failing
builtins.__build_class__ = failing
