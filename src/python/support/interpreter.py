"""Preparing an interpreter for scripts."""

# C modules whose state all interpreters share before a version of Python, so that scripts disturb
# each other. Without them the standard library uses the same written in Python.
WRITTEN_IN_PYTHON = (
    # Running loops mix; 3.12 before .4 may crash when the module is dropped.
    ("_asyncio", (3, 12, 4)),
    # Its exceptions are those of the last import anywhere: nobody else's `except` catches them.
    ("_decimal", (3, 13)),
)


def prepare_own_interpreter():
    """In a script's own interpreter, before it runs; it may have had another script before."""
    if BASELINE:
        return
    import _thread

    for name, version in WRITTEN_IN_PYTHON:
        if sys.version_info < version:
            sys.modules[name] = None
    if hasattr(_thread, "_get_main_thread_ident"):
        # From 3.13 on every thread of a sub-interpreter would be a daemon unless it says otherwise,
        # for `threading` takes the host's thread for a stranger, which it did not do before.
        _thread._get_main_thread_ident = _thread.get_ident
    forbid_fork()
    forbid_exit()
    replace_output()
    start = _thread.start_new_thread

    def start_new_thread(*args, **kwargs):
        ident = start(*args, **kwargs)
        RAW_THREADS.add(ident)
        return ident

    _thread.start_new_thread = _thread.start_new = start_new_thread
    BASELINE.append(Baseline())


def forbid_fork():
    """A child forked from a sub-interpreter dies at once."""
    posix, os = loaded("posix"), loaded("os")

    def fork():
        raise RuntimeError("fork is not supported in a sub-interpreter: use the runtime main")

    def register_at_fork(**callbacks):
        """Nothing to do: modules that were dropped would live on as callbacks of a fork."""

    for module in (posix, os):
        module.fork = module.forkpty = fork
        module.register_at_fork = register_at_fork


def forbid_exit():
    """os._exit would end the hub. Native code still can."""
    posix, os = loaded("posix"), loaded("os")

    def _exit(status):
        raise RuntimeError("os._exit would end the hub: a script ends when it is unloaded")

    for module in (posix, os):
        module._exit = _exit
