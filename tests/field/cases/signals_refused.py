# Signals are the hub's: a script is told so, each time in the same way.
import asyncio
import signal


def refused(function, *expected):
    try:
        function()
    except expected:
        return True
    return False


async def in_loop():
    loop = asyncio.get_running_loop()
    return refused(lambda: loop.add_signal_handler(signal.SIGTERM, print), ValueError, RuntimeError)


def check():
    before = signal.getsignal(signal.SIGTERM)
    if not refused(lambda: signal.signal(signal.SIGTERM, lambda *_: None), ValueError):
        return "signal.signal"
    if not refused(lambda: signal.set_wakeup_fd(-1), ValueError) or not asyncio.run(in_loop()):
        return "set_wakeup_fd or add_signal_handler"
    if signal.getsignal(signal.SIGTERM) is not before:
        return "the handler has changed"
    return "ok" if signal.Signals.SIGTERM.name == "SIGTERM" else "names"
