"""The main interpreter, which scripts share."""


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
    run_file_with("tell_asyncio_main_thread")
    tell_asyncio_main_thread()
    atexit.register = register_for_script
    atexit.unregister = unregister_for_script
