"""What belongs to a script beside its module.

In a sub-interpreter everything belongs to its only script; in the main interpreter threads and exit
functions are told apart by the script they were started for.
"""


class Scope(Environment, Threads, Coroutines, Jobs, Logging):
    def __init__(self, script, shared, vh):
        self.script = script
        self.vh = vh
        # Whether other scripts live in this interpreter too.
        self.shared = shared
        self.unload_callbacks = []
        self.exit_callbacks = []
        self.jobs = []
        self.failures = []
        self.failing = set()
        self.closed = False
        self.loop = None
        # Held by the thread of the host that runs the loop; nobody waits for it.
        self.loop_lock = __import__("_thread").allocate_lock()
        self.tasks = set()
        self.site_packages = []
        # What reports exceptions of threads while they are stopped, and what did before.
        self.quiet_hook = self.loud_hook = None
        SCOPES[script] = self
        vh.on_unload = self.on_unload
        vh.run_in_host = self.run_in_host
        vh.log_handler = self.log_handler

    def on_unload(self, function, *args, **kwargs):
        """Call a function when the script is unloaded, after UnLoad(); the last one first.

        Returns the function, so that it can be used as a decorator.
        """
        self.unload_callbacks.append((function, args, kwargs))
        return function

    def run_unload_callbacks(self):
        self.run_all("a callback of vh.on_unload", self.unload_callbacks)

    def run_exit_callbacks(self):
        self.run_all("an exit function", self.exit_callbacks)
        if not self.shared and loaded("atexit") is not None:
            loaded("atexit")._run_exitfuncs()

    def run_all(self, place, callbacks):
        while callbacks:
            function, args, kwargs = callbacks.pop()
            try:
                function(*args, **kwargs)
            except BaseException as exception:
                self.failures.append((place, exception))

    def forget(self):
        threading = loaded("threading")
        if threading is not None and threading.excepthook is self.quiet_hook is not None:
            threading.excepthook = self.loud_hook
        SCOPES.pop(self.script, None)

    def take_failures(self):
        failures, self.failures = self.failures, []
        return failures
