"""The main interpreter, which scripts share."""


def tell_scripts_apart():
    """In the main interpreter: threads and exit functions belong to the script they come from."""
    import threading

    start = threading.Thread.start

    def start_for_script(self):
        scope = current_scope()
        self._vh_script = None if scope is None else scope.script
        start(self)

    run_file_with("tell_exit_functions_apart")
    tell_exit_functions_apart()
    forbid_fork_beside_others()
    replace_output()
    # Threads that are not told whether they are daemons do as the host's thread, which is none.
    threading._DummyThread.daemon = property(lambda self: False)
    threading.Thread.start = start_for_script
    run_file_with("tell_asyncio_main_thread")
    tell_asyncio_main_thread()


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
