"""What the library does inside an interpreter in Python's own terms: what all its parts share.

The files of this folder are compiled into the library and run in one namespace, whose builtins are a
copy: scripts that change Python's own do not disturb it. Nothing is imported that a script did not
import: modules are looked up in sys.modules.

What every script needs is run before it, one file after the other. The other files are run when the
host, or a method of Scope, asks for something that they define.

Builtins of the library in this namespace: current_script() the serial of the script the host's
thread runs for, in_host_call() whether this thread is inside a call from the host, serve() answers
the vh calls of other threads, notify(serial) asks for the script's jobs to be run by the host,
thread_frames() the innermost frames of threads that Python started in this interpreter,
write_output((serial, file number, data)) writes for a script, step(code, ...) raises TimeoutError in
a call that is to end, compile_source((source, path)) gives the code of a module,
run_file_with(name) runs the file that defines a name and has not been run.
"""

import gc
import sys

# Where modules are looked for before a script adds its folders: what the library itself imports
# must not be a script of the same name.
SEARCH_PATH = list(sys.path)
# Where the standard library is.
STANDARD_FOLDER = getattr(sys.modules.get("os"), "__file__", "").rpartition("/")[0]

SCOPES = {}
# Ids of threads started without the threading module, in a sub-interpreter.
RAW_THREADS = set()


def current_serial():
    """Serial of the running script, also on threads it started; None for none."""
    serial = current_script()
    threading = loaded("threading")
    if serial is None and threading is not None:
        serial = getattr(threading.current_thread(), "_vh_script", None)
    return serial


def current_scope():
    return SCOPES.get(current_serial())


def shared_attribute(name):
    """An attribute of vh, for modules that several scripts of the main interpreter import."""
    scope = current_scope()
    if scope is None:
        raise AttributeError(f"module 'vh' has no attribute {name!r} outside of a script")
    return getattr(scope.vh, name)


def loaded(name):
    return sys.modules.get(name)


def take_a_step():
    """Exceptions that another thread sent to this one arrive here."""
    for _ in (1, 2):
        pass
