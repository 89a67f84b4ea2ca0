"""What a function of a script takes."""


def accepts_argument(function):
    """Whether a callable accepts one argument; True when that cannot be told."""
    try:
        signature = standard_module("inspect").signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(None)
    except TypeError:
        return False
    return True
