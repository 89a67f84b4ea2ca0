"""Telling of exceptions."""

# Bytes of an exception's text or traceback that are told.
LONGEST = 16 * 1024
# Of a traceback that is longer only so much is told at its beginning and its end.
CALLS_AT_EACH_END = 50


def cut(text):
    """A text that is not too long for the log."""
    # Most are short, and no character takes more than four bytes.
    if len(text) * 4 <= LONGEST:
        return text
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= LONGEST:
        return text
    head = data[:LONGEST].decode("utf-8", "ignore")
    return f"{head}… ({len(data) - LONGEST} more bytes)\n"


def describe(exception):
    """What Python would print for an exception."""
    place = exception.__traceback__
    # Not the library's own part of the way.
    while place is not None and place.tb_frame.f_globals is globals():
        place = place.tb_next
    try:
        place, left_out = shorten(place)
        lines = standard_module("traceback").format_exception(type(exception), exception, place)
        if left_out:
            lines.append(f"({left_out} calls in the middle of this traceback are left out)\n")
        return cut("".join(lines)) + remedy(exception)
    except BaseException as failure:
        return cut(describe_briefly(exception, failure))


def shorten(place):
    """A traceback without the middle of a deep recursion, which takes long to write and says nothing new;
    and how many calls that leaves out.
    """
    entries = []
    entry = place
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    left_out = len(entries) - 2 * CALLS_AT_EACH_END
    if left_out <= 0:
        return place, 0
    shortened = None
    for entry in reversed(entries[:CALLS_AT_EACH_END] + entries[-CALLS_AT_EACH_END:]):
        shortened = type(entry)(shortened, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return shortened, left_out


def describe_briefly(exception, failure):
    """The same when formatting it fails, for example at the end of the stack."""
    place = exception.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = ""
    if place is not None:
        where = f'  File "{place.tb_frame.f_code.co_filename}", line {place.tb_lineno}\n'
    try:
        text = str(exception)
    except BaseException:
        text = "(its text cannot be shown)"
    kind, reason = type(exception).__name__, type(failure).__name__
    return f"{where}{kind}: {text}\n(no traceback: {reason} while formatting it)\n"


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
