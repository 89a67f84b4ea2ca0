"""What the fuzzer of calls talks to: every hook and some functions, which do what they are told."""

import vh

HOOKS = (
    "OnNewConn OnCloseConn OnCloseConnEx OnParsedMsgChat OnParsedMsgPM OnParsedMsgMyINFO"
    " OnFirstMyINFO OnParsedMsgAny OnOpChatMessage OnPublicBotMessage OnUnLoad OnCtmToHub"
    " OnUserCommand OnHubCommand OnScriptCommand OnUserLogin OnUserLogout OnTimer OnNewReg OnNewBan"
    " OnSetConfig"
).split()

FUNCTIONS = sorted(name for name in dir(vh) if callable(getattr(vh, name)))
NUMBERS = (
    "delay min max nice reason flag class user_class seconds type pm instant limit code".split()
)


def last(*arguments):
    return arguments[-1] if arguments else None


def everything(*arguments):
    return arguments


def listed(*arguments):
    return list(arguments)


def texts(*arguments):
    return [argument for argument in arguments if isinstance(argument, str)]


def mapped(*arguments):
    return {str(place): argument for place, argument in enumerate(arguments)}


def fail(*arguments):
    raise LookupError(*arguments)


def leave(*arguments):
    raise SystemExit(*arguments)


def big(*arguments):
    return 1 << 64


def nothing_in_c(*arguments):
    return object()


def dynamic(name, *arguments):
    """Calls what the host registered; an error's name if that fails."""
    try:
        return vh.CallDynamicFunction(name, *arguments)
    except Exception as error:
        return type(error).__name__


def host(number, *arguments):
    """Calls a function of vh; an error's name if that fails."""
    try:
        return getattr(vh, FUNCTIONS[number % len(FUNCTIONS)])(*arguments)
    except Exception as error:
        return type(error).__name__


def ask(number, *arguments):
    """The same with arguments it takes; the given ones stand in for its texts."""
    function = getattr(vh, FUNCTIONS[number % len(FUNCTIONS)])
    names = function.__text_signature__.strip("()").split(", ")
    texts = [argument for argument in arguments if isinstance(argument, str)] or ["text"]
    names = [name.partition("=")[0] for name in names if name and not name.startswith("*")]
    values = [
        number if name in NUMBERS else texts[place % len(texts)] for place, name in enumerate(names)
    ]
    try:
        return function(*values)
    except Exception as error:
        return type(error).__name__


def odd(*arguments):
    """What JSON has and what it only nearly has."""
    return {1: {2, (3,)}, None: arguments, 0.5: b"\0\xff", True: "\ud800", False: frozenset("a")}


def OnTimer(*arguments):
    return ask(*arguments) if arguments and isinstance(arguments[0], int) else None


for place, name in enumerate(HOOKS):
    globals().setdefault(name, (last, everything, fail, host)[place % 4])
