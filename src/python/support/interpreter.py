"""Preparing interpreters for scripts, and for their end."""


def tell_scripts_apart():
    """In the main interpreter: threads and exit functions belong to the script they come from."""
    import atexit
    import threading

    start = threading.Thread.start
    register, unregister = atexit.register, atexit.unregister

    def start_for_script(self):
        scope = current_scope()
        self._vh_script = None if scope is None else scope.script
        start(self)

    def register_for_script(function, *args, **kwargs):
        scope = current_scope()
        if scope is None:
            return register(function, *args, **kwargs)
        scope.exit_callbacks.append((function, args, kwargs))
        return function

    def unregister_for_script(function):
        scope = current_scope()
        if scope is not None:
            scope.exit_callbacks[:] = [c for c in scope.exit_callbacks if c[0] != function]
        unregister(function)

    replace_output()
    # Threads that are not told whether they are daemons do as the host's thread, which is none.
    threading._DummyThread.daemon = property(lambda self: False)
    threading.Thread.start = start_for_script
    atexit.register = register_for_script
    atexit.unregister = unregister_for_script


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


def prepare_end():
    """Before the interpreter ends; all its threads have."""
    if loaded("threading") is not None:
        # Keep Python's own shutdown from looking for them.
        loaded("threading")._shutdown = lambda: None
    empty_leaked_containers()


# Containers of C modules that nobody frees before 3.13, with all they hold.
LEAKED_CONTAINERS = (
    ("_ctypes", "_pointer_type_cache"),
    ("_sqlite3", "adapters"),
    ("_sqlite3", "converters"),
    ("_ssl", "err_codes_to_names"),
    ("_ssl", "err_names_to_codes"),
    ("_ssl", "lib_codes_to_names"),
)


def empty_leaked_containers():
    for module, name in LEAKED_CONTAINERS:
        container = getattr(loaded(module), name, None)
        if container is not None and not is_used_elsewhere(container):
            container.clear()


def is_used_elsewhere(container):
    """Whether another interpreter has it too: there it has the names of at least three modules.

    The C module itself holds one reference, and a copy of its namespace may hold another.
    """
    namespaces = [holder for holder in gc.get_referrers(container) if type(holder) is dict]
    # The variables here and in the caller, and the argument of getrefcount.
    known = len(namespaces) + 3
    return sys.getrefcount(container) - known >= 3
