"""What belongs to a script beside its module.

In a sub-interpreter everything belongs to its only script; in the main interpreter threads and exit
functions are told apart by the script they were started for.
"""


class Scope:
    def __init__(self, script, shared, vh, namespace):
        self.script = script
        self.vh = vh
        # The script's globals.
        self.namespace = namespace
        # Whether other scripts live in this interpreter too.
        self.shared = shared
        self.unload_callbacks = []
        self.exit_callbacks = []
        self.jobs = []
        self.failures = []
        self.closed = False
        self.loop = None
        # What it made asyncio's loop on threads of the host.
        self.current_loops = []
        # Held by the thread of the host that runs the loop; nobody waits for it.
        self.loop_lock = __import__("_thread").allocate_lock()
        self.tasks = set()
        self.site_packages = []
        # Frames of threads that run an event loop or work for an executor that was asked to stop.
        self.asked = []
        # What it registered in the main interpreter: functions that take it back.
        self.undoing = []
        # Levels of loggers there: before it, and as it set them.
        self.levels = {}
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
        if not callable(function):
            raise wrong_type("on_unload() argument 1 (function) must be callable", function)
        self.unload_callbacks.append((function, args, kwargs))
        return function

    def run_in_host(self, work):
        """Run a callable or a coroutine on the hub's thread and return a Future of its result.

        Inside a call from the hub it runs at once, else at the hub's next call into any script,
        once a second at the latest.
        """
        if not (callable(work) or hasattr(work, "__await__")):
            wanted = "run_in_host() argument 1 (work) must be a callable or a coroutine"
            raise wrong_type(wanted, work)
        return self.give_to_host(work)

    def log_handler(self, level=0):
        """A logging.Handler that writes to the hub's log."""
        return self.new_log_handler(level)

    def __getattr__(self, name):
        if not run_file_with(name):
            raise AttributeError(name)
        return object.__getattribute__(self, name)


def wrong_type(wanted, value):
    return TypeError(f"{wanted}, not {type(value).__name__}")


class Part:
    """Methods of Scope in a file of their own, which is run when the first of them is used.

    They come last in it: another thread may call one as soon as it is there.
    """

    def __init_subclass__(cls):
        for name, value in vars(cls).items():
            if not name.startswith("__"):
                setattr(Scope, name, value)
