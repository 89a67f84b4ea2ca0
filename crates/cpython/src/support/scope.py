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

    def __getattr__(self, name):
        if not run_file_with(name):
            raise AttributeError(name)
        return object.__getattribute__(self, name)


class Part:
    """Methods of Scope in a file of their own, which is run when the first of them is used.

    They come last in it: another thread may call one as soon as it is there.
    """

    def __init_subclass__(cls):
        for name, value in vars(cls).items():
            if not name.startswith("__"):
                setattr(Scope, name, value)
