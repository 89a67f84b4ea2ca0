"""What to do when an exception says that a package does not support the interpreter."""


def remedy(exception):
    """What to do when a package cannot be imported because of the interpreter it is in; else ""."""
    if not is_refusal(exception):
        return ""
    scope = current_scope()
    reason = "it cannot live in this runtime"
    more = ""
    if scope is not None and scope.shared:
        reason = "the interpreter of another script has it, which excludes all others"
        more = ", and restart the hub"
    return (
        f'A package was refused, because {reason}: write "# vh: runtime = main" among the first '
        f"20 lines of each script that uses it{more}.\n"
    )


def is_refusal(exception):
    """Whether a package says that it does not support the interpreter, as CPython, PyO3, Cython and numpy
    put it; also when others say it was not found then.
    """
    for _ in range(5):
        if isinstance(exception, ImportError) and says_refusal(exception):
            return True
        exception = getattr(exception, "__cause__", None) or getattr(exception, "__context__", None)
    return False


def says_refusal(exception):
    try:
        text = str(exception).lower().replace("-", "")
    except Exception:
        return False
    per_process = "per process" in text or "interpreter process" in text
    return (
        "subinterpreter" in text
        or "interpreter change" in text
        or (per_process and ("once" in text or "interpreter" in text))
    )
