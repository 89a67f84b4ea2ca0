# What every runtime runs while the library panics: as much of the library as a script can reach.
# Each function answers "ok", or is expected to fail.
import asyncio
import datetime
import os
import sys
import threading
import time

import vh

done = []


class Failing:
    """Fails where nobody catches it."""

    def __del__(self):
        raise ValueError("in a finalizer")


def OnTimer(now):
    done.append(now)


def OnParsedMsgChat(nick, message):
    return 1


def answer():
    import beside

    # Code of a module that both share in the main interpreter asks which script runs.
    assert beside.vh.name == vh.name, beside.vh.name
    print("a line of the script")
    vh.log("a line of its log")
    Failing()
    assert vh.decode(vh.encode("a|b$c")) == "a|b$c"
    assert vh.CallDynamicFunction("double", 21) == 42
    assert vh.GetUserClass("nick") == 1
    assert "scripts" in vh.stats()
    assert threading.get_ident() in sys._current_frames()
    assert datetime.datetime.strptime("2024", "%Y").year == 2024
    try:
        if os.fork() == 0:
            os._exit(0)
    except RuntimeError:
        pass  # There are other interpreters.
    return "ok"


def start_thread():
    """Its call is answered when the host calls again."""
    done.clear()

    def ask():
        vh.run_in_host(lambda: done.append("job"))
        done.append(vh.GetUserClass("nick"))

    threading.Thread(target=ask, daemon=True).start()
    return "ok"


def thread_has_asked():
    return "ok" if 1 in done and "job" in done else f"not yet: {done}"


async def wait():
    """Calls of threads are answered meanwhile."""
    await asyncio.sleep(0)
    return "ok"


def leave_thread():
    """One that is still there at the unload, and has to be stopped."""

    def run():
        while True:
            time.sleep(0.01)

    threading.Thread(target=run, daemon=True).start()
    return "ok"


def late():
    """Is interrupted; ends by itself when nobody does that."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass


def stubborn():
    """Catches what interrupts it, until its very steps fail."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                pass
        except TimeoutError:
            pass


def every_function_fails():
    """`arm` lets the next call of any function of vh panic."""
    own = {"CallDynamicFunction", "on_unload", "run_in_host", "log_handler"}
    functions = [name for name in dir(vh) if callable(getattr(vh, name)) and name not in own]
    for name in functions:
        function = getattr(vh, name)
        if type(function) is not type(len):
            continue
        vh.CallDynamicFunction("arm")
        try:
            function()
        except RuntimeError as error:
            if "internal error in the library" not in str(error):
                return f"{name}: {error}"
        else:
            return f"{name} has not failed"
        try:
            function()
        except RuntimeError as error:
            if "internal error" in str(error):
                return f"{name} fails again: {error}"
        except (TypeError, ValueError, NotImplementedError):
            pass
    return "ok" if len(functions) > 50 else f"only {functions}"
