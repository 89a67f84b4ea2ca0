"""The main interpreter, which scripts share."""


def tell_scripts_apart():
    """In the main interpreter: what belongs to a script is known by the script it comes from."""
    import threading
    import warnings  # noqa: F401

    for name in ("tell_loggers_apart", "tell_registries_apart", "process_wide"):
        run_file_with(name)
    start = threading.Thread.start

    def start_for_script(self):
        scope = current_scope()
        self._vh_script = None if scope is None else scope.script
        start(self)

    run_file_with("tell_exit_functions_apart")
    tell_exit_functions_apart()
    forbid_fork_beside_others()
    look_at_own_threads()
    replace_output()
    STREAMS_BEFORE[:] = describe_streams()
    # Threads that are not told whether they are daemons do as the host's thread, which is none.
    threading._DummyThread.daemon = property(lambda self: False)
    threading.Thread.start = start_for_script
    run_file_with("tell_asyncio_main_thread")
    tell_asyncio_main_thread()
    tell_loggers_apart()
    tell_registries_apart()
    if sys.version_info < (3, 13):
        run_file_with("prime_dates")
        prime_dates()
    note_modules()


def forbid_fork_beside_others():
    """A forked child deletes all other interpreters first, and hangs or crashes at that."""
    starter = __import__("_posixsubprocess")
    fork_exec = starter.fork_exec

    def check(what, instead):
        if has_other_interpreters():
            raise RuntimeError(
                f"{what} is not possible when scripts run, or have run, in interpreters of their "
                f"own: use {instead}"
            )

    def checked(fork):
        def fork_alone():
            check("fork", "the method spawn of multiprocessing, or subprocess")
            return fork()

        return fork_alone

    def fork_exec_alone(arguments, *more):
        # Where the function is that a child calls differs between versions; no other one is there.
        if any(callable(argument) for argument in more):
            check("preexec_fn of subprocess", "other arguments of subprocess")
        return fork_exec(arguments, *more)

    for module in (loaded("posix"), loaded("os")):
        module.fork, module.forkpty = checked(module.fork), checked(module.forkpty)
    starter.fork_exec = fork_exec_alone


def own_builtins(vh):
    """A copy of the builtins for a script, whose `__import__` knows the script's own `vh`."""
    builtins = loaded("builtins")

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        if name == "vh" and level == 0:
            return vh
        count = len(sys.modules)
        try:
            return builtins.__import__(name, globals, locals, fromlist, level)
        finally:
            if len(sys.modules) != count:
                note_modules()

    return {**vars(builtins), "__import__": __import__}


def scope_behind(frame):
    """The script that code registers something for, or None when it is a library's own doing: what a
    module does while it is imported stays with it.
    """
    scope = current_scope()
    while scope is not None and frame is not None and frame.f_globals is not scope.namespace:
        if frame.f_code.co_name == "<module>" and frame.f_globals is not globals():
            return None
        frame = frame.f_back
    return scope
