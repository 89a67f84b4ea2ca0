# A callback that C may still have when the script goes: the memory stays usable.
# field: without = own-gil 3.12
# field: second = bystander.py
import ctypes

Handler = ctypes.CFUNCTYPE(None)
called = []
handler = Handler(lambda: called.append(1))
handler()


def check():
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(handler))
    ctypes.cast(handler, Handler)()
    return "ok" if len(called) > 1 else "not called"
