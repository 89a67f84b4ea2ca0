"""The event loop that asyncio.get_event_loop() gives outside of coroutines.

Plain Python makes one on its main thread, where it still does so at all. For a script that thread
is the host's while it runs the script, and the loop is the script's own.
"""


class OfScript:
    """A variable of asyncio for each thread and script. What the host's thread sets is noted."""

    def __init__(self, name, otherwise):
        self.name = name
        self.otherwise = otherwise

    def __get__(self, local, kind=None):
        if local is None:
            return self.otherwise
        return vars(local).get((self.name, current_serial()), self.otherwise)

    def __set__(self, local, value):
        vars(local)[self.name, current_serial()] = value
        scope = current_scope()
        if scope is not None and in_host_call() and hasattr(value, "run_forever"):
            scope.current_loops.append(value)


def share_out_loops():
    """From now on scripts do not find each other's loops; may be called again."""
    events = loaded("asyncio.events")
    # Its name from Python 3.14 on comes second.
    policy = getattr(events, "BaseDefaultEventLoopPolicy", None) or getattr(
        events, "_BaseDefaultEventLoopPolicy", None
    )
    local = getattr(policy, "_Local", None)
    if local is None or isinstance(vars(local).get("_loop"), OfScript):
        return
    mine = getattr(current_local(), "__dict__", {})
    before = mine.pop("_loop", None), mine.pop("_set_called", False)
    local._loop, local._set_called = OfScript("_loop", None), OfScript("_set_called", False)
    # From Python 3.14 on nothing but the loop itself tells that one was set.
    if before != (None, False):
        current_local()._loop, current_local()._set_called = before


def current_local():
    """Where asyncio keeps this thread's loop; None when there is nothing."""
    return getattr(getattr(loaded("asyncio.events"), "_event_loop_policy", None), "_local", None)


def tell_asyncio_main_thread():
    """In the main interpreter, whose main thread is none of the host's."""
    threading = loaded("threading")
    main_thread = threading.main_thread

    def main_thread_for_script():
        events = loaded("asyncio.events")
        if in_host_call() and sys._getframe(1).f_globals is getattr(events, "__dict__", None):
            share_out_loops()
            return threading.current_thread()
        return main_thread()

    threading.main_thread = main_thread_for_script


class Loops(Part):
    def take_current_loops(self):
        """The loops that the script made asyncio's on threads of the host, if they do not run."""
        loops = [loop for loop in self.current_loops if not loop.is_running()]
        self.current_loops = [loop for loop in self.current_loops if loop.is_running()]
        mine = getattr(current_local(), "__dict__", {})
        for key in [key for key in mine if key[1:] == (self.script,)]:
            del mine[key]
        return loops
