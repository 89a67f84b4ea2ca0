"""In the main interpreter: takes what CPython keeps for the whole process, before any other does."""


def prime_dates():
    """Gives `datetime.strptime` a module to keep that leads each interpreter to its own `_strptime`."""
    _datetime = __import__("_datetime")
    module = type(sys)("_strptime")
    module._strptime_datetime = lambda *arguments: None
    before = sys.modules.get("_strptime")
    sys.modules["_strptime"] = module
    try:
        _datetime.datetime.strptime("1", "%S")
    finally:
        del sys.modules["_strptime"]
        if before is not None:
            sys.modules["_strptime"] = before
    # A builtin: the classes of one interpreter are nothing for another.
    module._strptime_datetime = strptime_here


SEMAPHORE_VALUES = []


def prime_semaphores():
    """Keeps the number that is in the static type SemLock now: the next import replaces it."""
    SEMAPHORE_VALUES.append(__import__("_multiprocessing").SemLock.SEM_VALUE_MAX)
