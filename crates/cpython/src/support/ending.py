"""The end of a script, and of an interpreter."""


def run_jobs_of_current():
    """Runs what threads of the script gave to the host, while it says goodbye."""
    scope = current_scope()
    if scope is not None and scope.jobs and not scope.closed:
        scope.run_jobs()


class Ending(Part):
    def run_exit_callbacks(self):
        # Their threads have ended.
        self.asked.clear()
        self.run_all("an exit function", self.exit_callbacks)

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
