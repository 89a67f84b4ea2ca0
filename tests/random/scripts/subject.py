"""What the random calls talk to. The C++ side (contract.cpp) knows what each hook and function answers."""

import struct
import sys

import vh


def _describe(value):
    """The value in letters a C++ program can write too: text as its code points, and so on."""
    if value is None:
        return "n"
    if isinstance(value, bool):
        return "b1" if value else "b0"
    if isinstance(value, int):
        return f"i{value}"
    if isinstance(value, float):
        return (
            "fnan" if value != value else "f%016x" % struct.unpack("<Q", struct.pack("<d", value))
        )
    if isinstance(value, str):
        return "s" + ".".join("%x" % ord(character) for character in value)
    if isinstance(value, (list, tuple)):
        brackets = "[]" if isinstance(value, list) else "()"
        return brackets[0] + ",".join(map(_describe, value)) + brackets[1]
    if isinstance(value, dict):
        return "{" + ",".join(_describe(k) + ":" + _describe(v) for k, v in value.items()) + "}"
    return type(value).__name__


def describe(*arguments):
    return _describe(arguments)


def echo(first, *others):
    return first


def seven():
    return 7


def nothing(*arguments):
    return None


def half(*arguments):
    return 0.5


def pair(*arguments):
    return ("x", 1)


def mapping(*arguments):
    return {"a": [1, None]}


def fail(*arguments):
    raise LookupError("on purpose")


def leave(*arguments):
    sys.exit(3)


def interrupt(*arguments):
    raise KeyboardInterrupt


def recurse(*arguments):
    # Not with a star: 3.15.2 has no limit for that.
    return recurse(arguments)


def an_object(*arguments):
    return object()


def too_big(*arguments):
    return 1 << 63


def nul(*arguments):
    return "a\0b"


def not_finite(*arguments):
    return [float("nan")]


not_callable = 5


def dynamic(name, *arguments):
    """Calls what the host registered; an error is told by its name."""
    try:
        return _describe(vh.CallDynamicFunction(name, *arguments))
    except Exception as error:
        return type(error).__name__


def OnUserLogin(*arguments):
    return _describe(arguments), 0


def OnUserLogout(*arguments):
    raise LookupError("on purpose")


def OnParsedMsgAny(*arguments):
    sys.exit(3)


def OnUserInList(*arguments):
    return None


def OnUserCommand(*arguments):
    return 0


def OnHubCommand(*arguments):
    return object()


def OnNewConn(*arguments):
    return "unexpected"


def OnParsedMsgChat(*arguments):
    return "replaced"


def OnParsedMsgMyINFO(*arguments):
    return "a", None, "c", "d", "e"


def OnTimer(*arguments):
    return True
