"""What `vh` offers a script for its own life."""


def wrong_type(wanted, value):
    return TypeError(f"{wanted}, not {type(value).__name__}")


class Offers(Part):
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

    def run_unload_callbacks(self):
        self.run_all("a callback of vh.on_unload", self.unload_callbacks)

    def run_all(self, place, callbacks):
        while callbacks:
            function, args, kwargs = callbacks.pop()
            try:
                function(*args, **kwargs)
            except BaseException as exception:
                self.failures.append((place, exception))

    def take_failures(self):
        failures, self.failures = self.failures, []
        return failures
