# A helper's hooks into libraries are the script's hooks.
# field: files = hooks
# field: runtimes = sub own-gil
import atexit  # noqa: F401
import logging

before = len(logging.getLogger("field.helper").handlers)

import field_hooks  # noqa: E402


def check():
    handlers = len(logging.getLogger("field.helper").handlers)
    if before:
        return f"{before} handlers of the load before"
    return "ok" if handlers == 1 and field_hooks.loads == 1 else f"{handlers} handlers"
