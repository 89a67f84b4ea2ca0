"""What the library does inside an interpreter in Python's own terms: what all its parts share.

The files of this folder are compiled into the library and run in one namespace, whose builtins are a
copy: scripts that change Python's own do not disturb it. Nothing is imported that a script did not
import: modules are looked up in sys.modules.

What every script needs is run before it, one file after the other. The other files are run when the
host, or a method of Scope, asks for something that they define.

Builtins of the library in this namespace:
current_script() is the serial of the script the host's thread runs for, in_host_call() whether this
thread is inside a call from the host, thread_frames() the innermost frames of threads that Python
started in this interpreter, current_frames() those of all its threads by their numbers, has_other_interpreters() whether the process has more than the main one;
serve() answers the vh calls of other threads, notify(serial) asks for
the script's jobs to be run by the host, write_output((serial, file number, data)) writes for a
script, log_for((serial, text)) logs an error of one, prime(name) is told of each import before Python
3.13, step(code, ...) raises TimeoutError in a call that is to end; compile_source((source, path))
gives the code of a module, run_file_with(name) runs the file that defines a name and has not been
run. share_names(mappings) keeps the names in them outside of the interpreter, for all that have the
same, and returns their number, or None when that cannot be; shared_names(number) gives them back, a
list for each mapping.
"""

import gc
import sys

# Where modules are looked for before a script adds its folders: what the library itself imports
# must not be a script of the same name.
SEARCH_PATH = list(sys.path)
# Where the standard library is.
STANDARD_FOLDER = getattr(sys.modules.get("os"), "__file__", "").rpartition("/")[0]

# Where modules of libraries lie; a script's virtual environment comes to them.
LIBRARY_PATHS = list(sys.path)
# The folders of an interpreter's own script, whose modules belong to it.
OWN_FOLDERS = []

SCOPES = {}
# Ids of threads started without the threading module, in a sub-interpreter.
RAW_THREADS = set()

# What a new interpreter has; its namespace stays empty.
FIRST_MAIN = sys.modules.get("__main__")

# What this interpreter was like before its script was loaded for the first time, once it is known: it
# is put back to that for the next load, because each interpreter that ends leaves memory behind, most
# from Python 3.12 on.
BASELINE = {}
# What the script did that cannot be taken back: its interpreter is not used again.
SPOILED = []
# Search functions for codecs that the script registered, and what its handlers for errors in
# texts have replaced: the handler before, or None.
CODECS = []
ERROR_HANDLERS = {}


def look_at_own_threads():
    """Has sys look into this interpreter alone.

    Its own functions look into all: a script could keep objects of another that ends, and from Python
    3.12 on the threads of those with a lock of their own go on meanwhile, which crashes.
    """
    import _thread

    def _current_exceptions():
        handled = sys.exc_info()
        return {_thread.get_ident(): handled if sys.version_info < (3, 12) else handled[1]}

    sys._current_frames = current_frames
    if hasattr(sys, "_current_exceptions"):
        sys._current_exceptions = _current_exceptions


def prepare_interpreter():
    """Before a script runs in its own interpreter, for the first time or again."""
    if not BASELINE:
        run_file_with("prepare_own_interpreter")
        prepare_own_interpreter()
    # A script may have closed or changed those of the load before.
    replace_output()


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


def is_called_by_library():
    """Whether the caller's caller is code of a library, and not of a script."""
    run_file_with("is_library_frame")
    return is_library_frame(sys._getframe(2))


def loaded(name):
    return sys.modules.get(name)


def take_a_step():
    """Exceptions that another thread sent to this one arrive here."""
    for _ in (1, 2):
        pass
