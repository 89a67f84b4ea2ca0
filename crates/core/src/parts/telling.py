"""Telling of exceptions, and of where a call is."""

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


def describe_stack(places):
    """A stack, given as frames and their lines, the innermost first, as a traceback shows it, but for the
    library's own part of the way.
    """
    lines = [place for place in places if place[0].f_globals is not globals()][:40]
    traceback = standard_module("traceback")
    return "".join(traceback.StackSummary.extract(reversed(lines)).format()).rstrip()
