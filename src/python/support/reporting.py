"""Telling of exceptions."""


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
