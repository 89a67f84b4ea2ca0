"""The end of a script, and of an interpreter."""


class Ending(Part):
    def fail_jobs(self):
        self.closed = True
        jobs, self.jobs = self.jobs, []
        for _, future in jobs:
            if future.set_running_or_notify_cancel():
                future.set_exception(RuntimeError("the script is being unloaded"))

    def run_unload_callbacks(self):
        self.run_all("a callback of vh.on_unload", self.unload_callbacks)

    def run_exit_callbacks(self):
        # Their threads have ended.
        self.asked.clear()
        self.run_all("an exit function", self.exit_callbacks)

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
        self.put_back_settings()
        SCOPES.pop(self.script, None)
        if loaded("logging") is not None:
            self.leave_loggers()
        if self.shared:
            self.unhook()
        # Nothing of ours keeps it while finalizers run.
        self.namespace = None

    def take_failures(self):
        failures, self.failures = self.failures, []
        return failures
