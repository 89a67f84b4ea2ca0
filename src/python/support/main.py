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
    replace_output()
    # Threads that are not told whether they are daemons do as the host's thread, which is none.
    threading._DummyThread.daemon = property(lambda self: False)
    threading.Thread.start = start_for_script
