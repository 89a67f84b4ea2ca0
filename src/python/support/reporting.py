"""Telling of exceptions and of what callables accept."""


# Bytes of an exception's text or traceback that are told.
LONGEST = 16 * 1024


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
        lines = standard_module("traceback").format_exception(type(exception), exception, place)
        return cut("".join(lines))
    except BaseException as failure:
        return cut(describe_briefly(exception, failure))


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


def describe_stack(frame):
    """The stack of a frame as a traceback shows it, but for the library's own part of the way."""
    frames = []
    while frame is not None and len(frames) < 40:
        if frame.f_globals is not globals():
            frames.append(frame)
        frame = frame.f_back
    traceback = standard_module("traceback")
    lines = [(frame, frame.f_lineno) for frame in reversed(frames)]
    return "".join(traceback.StackSummary.extract(lines).format()).rstrip()


def take_a_step():
    """Exceptions that another thread sent to this one arrive here."""
    for _ in (1, 2):
        pass
