"""Back ends in Python for a host in any language: one file, Python 3.8 or newer, nothing to install.

    from bridge_runtime import PythonBridge

    class Greeter(PythonBridge):
        def greet(self, name):
            return {"greeting": f"Hello, {name}!"}

    if __name__ == "__main__":
        Greeter().run()

Public methods below PythonBridge are commands; `async def` works as well. See PythonBridge.

THE WIRE. The host writes one JSON object a line to stdin, this side answers on stdout with JSON objects
that each end with a NUL:

    {"id":1,"cmd":"greet","params":{"name":"Alice"}}      request; `params` may be missing
    {"cancel":1}                                          see below
    {"id":0,"status":"success","result":{...}}            ready, the first frame
    {"id":1,"status":"success","result":...}
    {"id":1,"status":"error","error":TEXT,"traceback":TEXT,"type":CLASS,"code":CODE}
    {"cmd":NAME,"status":"event","result":DATA}

An id may be any JSON value and comes back as it was; a line that is no request is answered with the id
null. CODE is one of invalid, not_found, python, cancelled, closed, too_large. Bytes are
{"$bytes":BASE64} both ways. What JSON cannot hold is an error, never changed into something else. A
frame has 64 MiB at most. The host may say {"timeout":MS} in a request; nothing here depends on it.

WHAT A HOST DOES
- It starts `PYTHON -c 'import bridge_runtime as b; b.main()' serve SCRIPT ARGUMENT...` with this file's
  folder in PYTHONPATH. Then also a script that fails before it is ready is told as a frame, with the id
  0 and the status error. `PYTHON SCRIPT` works too, and so does `PYTHON -m bridge_runtime serve`, which
  takes a little longer to start. VH_BRIDGE=1 in the environment says that stdin and stdout are the wire:
  they are then taken when this module is imported, not when the back end is made. Python should be able
  to write its __pycache__ beside this file, or each start compiles it.
- To cancel a call it writes {"cancel":ID}, and then sends SIGINT to the process (not to its group), again
  and again, say every 50 ms, until the answer comes: a command that runs in the main thread hides the
  input, the signal has it read, and libraries may swallow what the signal raises. A call that goes on is
  interrupted again a second later, so that it can clean up. A signal without a cancel does nothing; none may
  come before the ready frame. A call that waits is answered with `cancelled` and does not run. A call that
  runs gets an exception, and its answer says how it ended. With max_concurrent above 1 a call in a thread
  gets it only when its Python code goes on: no signal reaches what blocks there.
- It ends the process with the command `shutdown`, or by closing stdin, and kills it when that does not
  help. While a command runs in the main thread nobody sees that stdin was closed: on Linux the host sets
  PR_SET_PDEATHSIG, so that the process dies with it.
- It reads stdout while it writes, or both may wait for each other.
- `PYTHON -c ... execute` (or `-m bridge_runtime execute`) reads one line {"code":TEXT,"params":{...}} from
  stdin, runs it as the body of a function whose variables are the params, and answers one frame.
"""

import os
import sys
from _collections import deque
from _thread import RLock, allocate_lock, get_ident, start_new_thread
from itertools import chain

__all__ = ("BridgeError", "Cancelled", "PythonBridge")

MAX_FRAME = 64 << 20
MAX_DEPTH = 128
# Of a message or traceback, in characters.
MAX_TEXT = 100_000
READ_SIZE = 1 << 16
# Of so many bytes a pipe takes all or none.
ATOMIC = 4096 if sys.platform == "linux" else 512
# After how many seconds a call that goes on is interrupted again.
AGAIN = 1
# In how long a line a cancel is looked for before its turn has come.
SHORT = 1000
# How long a process may go on, in seconds, when its host is gone.
GRACE = 5

# Modules are imported where they are needed: each would delay the ready frame.


class BridgeError(ValueError):
    """A request or value that is refused; `code` says why in the words of the wire."""

    def __init__(self, message, code="invalid"):
        super().__init__(message)
        self.code = code


class Cancelled(BaseException):
    """Raised inside a command that the host cancels; in a coroutine it is asyncio.CancelledError."""

    def __init__(self, message="the call was cancelled"):
        super().__init__(message)


# Values as JSON text

PLAIN = frozenset((str, int, float, bool, type(None)))
# Types that need no second look when they were read, and that are nothing to await.
EXACT = PLAIN - {float}
DATA = PLAIN | {dict, list, tuple}
CONTAINERS = (dict, list, tuple)
INFINITE = (float("inf"), float("-inf"))
flatten = chain.from_iterable


def refuse_constant(name):
    raise BridgeError(f"{name} is no JSON")


def bytes_or_map(value):
    """A map whose only key is `$bytes` stands for bytes."""
    text = value.get("$bytes")
    if len(value) != 1 or type(text) is not str:
        return value
    from binascii import a2b_base64

    try:
        decoded = a2b_base64(text)
    except ValueError:
        decoded = None
    # What else it lets pass is not written by anybody.
    if decoded is None or base64_text(decoded) != text:
        raise BridgeError('the text of "$bytes" is not base64')
    return decoded


def base64_text(data):
    from binascii import b2a_base64

    return b2a_base64(data, newline=False).decode()


def plain_form(value):
    """What stands for a value that JSON does not know. The encoder asks for it."""
    kind = type(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64_text(bytes(value))}
    # What has a length is an array, even if it has one item.
    if not hasattr(kind, "__len__"):
        if hasattr(kind, "item"):
            plain = value.item()
            # The number in a date of numpy depends on its unit.
            is_date = getattr(getattr(value, "dtype", None), "kind", None) in ("M", "m")
            if type(plain) in PLAIN and not is_date:
                return plain
        elif hasattr(kind, "__index__"):
            return kind.__index__(value)
    raise TypeError(f"a {kind.__name__} is no JSON")


def make_codec():
    """Returns functions that read and write JSON text, and one that reads it with bytes.

    The C parts of json, made once: the package takes as long to import as Python to start, and
    builds an encoder for each value.
    """
    try:
        from _json import encode_basestring, make_encoder, make_scanner

        class Settings:
            strict = True
            object_hook = object_pairs_hook = array_hook = None
            parse_float = float
            parse_int = int
            parse_constant = staticmethod(refuse_constant)

        scan = make_scanner(Settings)
        Settings.object_hook = staticmethod(bytes_or_map)
        scan_bytes = make_scanner(Settings)
        write = make_encoder(
            None, plain_form, encode_basestring, None, ":", ",", False, False, False
        )
        if scan("[1]", 0) == ([1], 3) and "".join(write({"a": "ä"}, 0)) == '{"a":"ä"}':
            return scan, scan_bytes, write
    except (ImportError, AttributeError, TypeError):
        pass
    return make_plain_codec()


def make_plain_codec():
    """The same from the package, for a Python whose json has other parts."""
    import json

    encoder = json.JSONEncoder(
        ensure_ascii=False,
        check_circular=False,
        allow_nan=False,
        separators=(",", ":"),
        default=plain_form,
    )
    scan = json.JSONDecoder(parse_constant=refuse_constant).scan_once
    scan_bytes = json.JSONDecoder(
        parse_constant=refuse_constant, object_hook=bytes_or_map
    ).scan_once
    return scan, scan_bytes, lambda value, _: encoder.iterencode(value)


scan, scan_bytes, write_json = make_codec()


def read_value(reader, text):
    """What a scanner reads: a value, and where it ends."""
    try:
        return reader(text, 0)
    except SystemError:
        # Up to Python 3.12 its C code takes the class of its errors from this module, if it is there.
        __import__("json.decoder")
        return reader(text, 0)


def with_long_integers(function, *arguments):
    """Calls a function without Python's limit for digits, which is there since 3.8.14.

    Integers of any size are digits on the wire; how long that takes is for the host's deadline.
    """
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return function(*arguments)
    finally:
        sys.set_int_max_str_digits(limit)


def is_about_digits(error):
    is_so = type(error) is ValueError and "integer string conversion" in str(error)
    return is_so and sys.get_int_max_str_digits() != 0


def has_escapes(line):
    """Whether characters are written as numbers. One byte is found much faster than two."""
    return b"\\" in line and b"\\u" in line


def decode(line, is_escaped=True):
    """The value of a line of JSON text. Raises ValueError or RecursionError."""
    # An escape may stand for any character of "$bytes".
    reader = scan_bytes if is_escaped or b"$" in line else scan
    try:
        text = line.decode()
        value, end = read_value(reader, text)
    except StopIteration:
        return decode_stripped(text, reader)
    except ValueError as error:
        if not is_about_digits(error):
            raise
        value, end = with_long_integers(read_value, reader, text)
    if end != len(text) and not text[end:].isspace():
        raise ValueError(f"it goes on after its value, from character {end + 1} on")
    return value


def decode_stripped(text, reader):
    stripped = text.strip(" \t\r\n")
    if not stripped or stripped[0] == text[0]:
        raise ValueError("it does not begin as a value does")
    return decode(stripped.encode())


def encode(value, root="result"):
    """The JSON text of a value, as bytes. Raises BridgeError when JSON cannot hold it."""
    try:
        if type(value) not in PLAIN:
            check_containers(value)
        return "".join(write_json(value, 0)).encode()
    except MemoryError:
        raise
    except Exception as error:
        if is_about_digits(error):
            return with_long_integers(encode, value, root)
        fault = find_fault(value, root, set())
        if fault is None:
            # A signal handler of the script has raised it.
            raise
    raise BridgeError(fault)


def check_containers(value):
    """Raises an error when a key is no text, or when containers are too deep inside each other.

    Python's encoder would make texts of such keys. It is asked level by level, because joining keys
    and comparing types takes hardly any time for many values at once.
    """
    if type(value) is dict:
        "".join(value)
        if PLAIN.issuperset(map(type, value.values())):
            return
    level = [value] if isinstance(value, CONTAINERS) else []
    for _ in range(MAX_DEPTH):
        maps = [inner for inner in level if isinstance(inner, dict)]
        "".join(flatten(maps))
        if len(maps) == len(level):
            level = list(map(dict.values, maps))
        elif maps:
            level = [inner.values() if isinstance(inner, dict) else inner for inner in level]
        if PLAIN.issuperset(map(type, flatten(level))):
            return
        level = [
            inner
            for inner in flatten(level)
            if type(inner) not in PLAIN and isinstance(inner, CONTAINERS)
        ]
        if len(level) > 1000:
            # Lists that hold one another several times would double with each level.
            level = list({id(inner): inner for inner in level}.values())
    if level:
        raise BridgeError("too deep")


def find_fault(value, path, above):
    """Says what JSON cannot hold in a value, or returns None."""
    if isinstance(value, str):
        return text_fault(value, path)
    if isinstance(value, float):
        return None if value - value == 0 else f"{path} is {float.__repr__(value)}"
    if isinstance(value, int) or value is None:
        return None
    if isinstance(value, CONTAINERS):
        return container_fault(value, path, above)
    try:
        plain = plain_form(value)
    except Exception:
        return f"{path} is {article_and_name(type(value))}"
    return find_fault(plain, path, above)


def text_fault(text, path):
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"{path} has a lone surrogate, at character {error.start + 1}"
    return None


def container_fault(value, path, above):
    if id(value) in above:
        return f"{path} contains itself"
    if len(above) == MAX_DEPTH:
        root = path.partition("[")[0]
        return f"{root} is nested deeper than {MAX_DEPTH} levels"
    above.add(id(value))
    is_map = isinstance(value, dict)
    for key, inner in value.items() if is_map else enumerate(value):
        if is_map and not isinstance(key, str):
            return f"{path} has a key that is no text but {article_and_name(type(key))}{shown(key)}"
        place = f"{path}[{quoted(key) if is_map else key}]"
        fault = is_map and text_fault(key, f"a key of {path}") or find_fault(inner, place, above)
        if fault:
            return fault
    above.discard(id(value))
    return None


def quoted(key):
    return '"' + (key if len(key) <= 80 else key[:80] + "…") + '"'


def shown(key):
    try:
        return f": {key!a:.80}"
    except Exception:
        return ""


def article_and_name(kind):
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    return ("an " if name[0] in "aeiouAEIOU" else "a ") + name


def check_params(params, is_escaped=True):
    """Raises an error when parameters hold what the decoder lets pass."""
    if is_escaped:
        # Half of a character may have been written so.
        encode(params, "params")
    level = [params]
    for _ in range(MAX_DEPTH):
        items = list(flatten(c.values() if type(c) is dict else c for c in level))
        kinds = set(map(type, items))
        if float in kinds and (INFINITE[0] in items or INFINITE[1] in items):
            raise BridgeError("a number in params is too large")
        if dict not in kinds and list not in kinds:
            return
        level = [inner for inner in items if type(inner) is dict or type(inner) is list]
    raise BridgeError(f"params is nested deeper than {MAX_DEPTH} levels")


# Frames


def id_text(value):
    """The JSON text of an id, also of one that could not be a value."""
    try:
        return b"%d" % value if type(value) is int else "".join(write_json(value, 0)).encode()
    except ValueError as error:
        if is_about_digits(error):
            return with_long_integers(id_text, value)
    import json

    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def line_id(line):
    """The id of a request, as JSON text; None for a line that is none."""
    try:
        request = decode(line)
        is_request = type(request) is dict and "cmd" in request
        return id_text(request.get("id")) if is_request else None
    except (ValueError, RecursionError):
        return None


def early_id(beginning):
    """The id of a line that is refused as a whole, if it begins with that, as JSON text."""
    text = beginning[:1000].decode("utf-8", "replace").lstrip()
    for word in ("{", '"id"', ":"):
        if not text.startswith(word):
            return b"null"
        text = text[len(word) :].lstrip()
    try:
        value, end = read_value(scan, text)
        return id_text(value) if text[end:].lstrip()[:1] == "," else b"null"
    except (StopIteration, ValueError, RecursionError):
        return b"null"


def success(call, result):
    frame = b'{"id":%b,"status":"success","result":%b}\0' % (call.id, encode(result))
    if len(frame) > MAX_FRAME:
        raise BridgeError(
            f"the result has {len(frame):,} bytes; {MAX_FRAME:,} may be sent", "too_large"
        )
    return frame


def event(name, data):
    if not isinstance(name, str):
        raise BridgeError(f"the name of an event is a text, not {article_and_name(type(name))}")
    frame = b'{"cmd":%b,"status":"event","result":%b}\0' % (
        encode(name, "name"),
        encode(data, "data"),
    )
    if len(frame) > MAX_FRAME:
        raise BridgeError(
            f"the event has {len(frame):,} bytes; {MAX_FRAME:,} may be sent", "too_large"
        )
    return frame


def error_frame(ident, code, message, kind="BridgeError", trace=""):
    fields = {
        "status": "error",
        "error": clean(message)[:MAX_TEXT],
        "traceback": clean(trace)[-MAX_TEXT:],
        "type": clean(kind),
        "code": clean(code),
    }
    return b'{"id":%b,%b\0' % (ident, "".join(write_json(fields, 0)).encode()[1:])


def dropped(ident):
    return error_frame(ident, "cancelled", "the call was cancelled", "Cancelled")


def clean(text):
    return text.encode("utf-8", "backslashreplace").decode()


def failure(call, error):
    """The frame for a call that ended with an exception."""
    kind, message, trace = type(error).__name__, message_of(error), ""
    code = "python"
    if isinstance(error, BridgeError):
        code = str(error.code)
    elif isinstance(error, Cancelled) or (call.cancelled and kind == "CancelledError"):
        code, message = "cancelled", "the call was cancelled"
    elif isinstance(error, TypeError) and is_from_the_call_itself(error):
        code, message = "invalid", wrong_parameters(call, message)
    if code in ("python", "cancelled") or own_part(error.__traceback__)[1]:
        trace = traceback_of(error)
    return error_frame(call.id, code, message, kind, trace)


def message_of(error):
    try:
        return str(error) or type(error).__name__
    except BaseException:
        return type(error).__name__


def own_part(trace):
    """Passes the frames of this file that a traceback begins with.

    Returns the last one's code, and the traceback behind it.
    """
    code = None
    while trace is not None and trace.tb_frame.f_globals is GLOBALS:
        code, trace = trace.tb_frame.f_code, trace.tb_next
    return code, trace


def unknown_command(name, names):
    from difflib import get_close_matches

    near = get_close_matches(name[:100], names)
    if near:
        return f"there is no command {quoted(name)}; near it: {', '.join(near)}"
    return f"there is no command {quoted(name)}"


def is_from_the_call_itself(error):
    """Whether no line of the command has run."""
    return own_part(error.__traceback__) == (enter.__code__, None)


def traceback_of(error):
    """The traceback of an exception, without the frames of this file."""
    try:
        import traceback

        told = traceback.TracebackException(type(error), error, error.__traceback__)
        leave_out_own_frames(told, set())
        return "".join(told.format())
    except Exception:
        return ""


def leave_out_own_frames(told, seen):
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    told.stack[:] = [frame for frame in told.stack if frame.filename != enter.__code__.co_filename]
    for inner in (told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())):
        leave_out_own_frames(inner, seen)


def wrong_parameters(call, message):
    """Says which parameter a command lacks or does not know."""
    function = getattr(call.method, "__func__", call.method)
    code = getattr(function, "__code__", None)
    if code is None:
        return f"{call.name}: {message}"
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional = code.co_argcount
    if function is not call.method:
        names, positional = names[1:], positional - 1
    defaults = len(function.__defaults__ or ())
    optional = set(names[positional - defaults : positional]) | set(function.__kwdefaults__ or ())
    missing = [name for name in names if name not in optional and name not in call.params]
    unknown = [name for name in call.params if name not in names]
    if unknown and not code.co_flags & TAKES_ANY:
        known = ", ".join(names) or "none"
        return f"{call.name} has no parameter {', '.join(map(quoted, unknown))}; it has: {known}"
    if missing:
        return f"{call.name} needs the parameter {', '.join(map(quoted, missing))}"
    return f"{call.name}: {message}"


# Flags of a function's code.
TAKES_ANY = 0x08
IS_COROUTINE = 0x80


# The two ends of the wire


class Wire:
    """Where requests come from and frames go: private copies of what were stdin and stdout."""

    def __init__(self):
        # Held while a frame is written, and while an exception is sent to a thread.
        self.lock = RLock()
        self.input = self.output = None
        self.is_terminal = False
        # Events that wait until the ready frame was sent.
        self.early = []
        # Frames of a thread that already writes one.
        self.later = []

    def move(self):
        """Takes stdin and stdout for the wire, once: code of the script finds others in their place.

        What it prints, and what C code and subprocesses write to fd 1, goes to stderr. Reading fd 0
        ends at once. The private copies are not inherited.
        """
        if self.input is not None:
            return
        os.environ.pop("VH_BRIDGE", None)
        for number in (0, 1):
            os.fstat(number)
        # Where stderr is closed, this gets its number, and stays.
        nothing = os.open(os.devnull, os.O_RDWR)
        incoming, self.output = os.dup(0), os.dup(1)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        if nothing != 2:
            os.close(nothing)
        os.set_blocking(incoming, True)
        os.set_blocking(self.output, True)
        self.is_terminal = os.isatty(incoming)
        self.input = incoming
        for stream in {sys.stdout, sys.__stdout__}:
            buffer_lines(stream)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def forget(self):
        """In a forked process: the wire is its parent's, and ends with it."""
        os.close(self.input)
        os.close(self.output)
        # A pipe whose other end is closed: as if the host were gone.
        self.input, self.output = os.pipe()
        os.close(self.input)
        self.lock = RLock()

    def open(self, frame):
        """Sends the first frame, then the events that came before it."""
        self.send(frame, is_first=True)

    def is_ready(self):
        """Whether the first frame was sent."""
        return self.early is None

    def send(self, frame, is_first=False, is_event=False):
        """Writes a frame, whole and not inside another. Raises ConnectionError when the host is gone."""
        lock = self.lock
        if lock._is_owned():
            # A finalizer or a signal handler, in the middle of another frame of this thread.
            self.later.append(frame)
            return
        # No exception of a signal handler comes between the end of the block and the release, as it
        # may in a `finally`: the lock would be kept, and each later frame be taken for one inside another.
        with lock:
            # An exception that another thread has sent to this one arrives here at the latest: it
            # is sent with the lock held.
            if self.early is not None:
                frame = self.in_order(frame, is_first, is_event)
            if frame:
                self.write(frame)
            while self.later:
                self.write(self.later.pop(0))

    def in_order(self, frame, is_first, is_event):
        """What is to be written before, or as, the first frame."""
        if is_event:
            self.early.append(frame)
            return b""
        if is_first:
            frame = b"".join([frame, *self.early])
            self.early = None
        return frame

    def write(self, frame):
        """Writes all of a frame, also when a signal handler of the script raises meanwhile."""
        if len(frame) <= ATOMIC:
            os.write(self.output, frame)
            return
        rest, written, error = memoryview(frame), [], None
        while sum(written) < len(frame):
            try:
                # In one step of Python's, so that what was written is known.
                written.extend(map(os.write, (self.output,), (rest[sum(written) :],)))
            except BaseException as raised:
                if isinstance(raised, OSError) and raised.errno is not None:
                    raise
                error = raised
        if error is not None:
            raise error

    def read(self):
        """What there is, or waits for it; nothing when the host is gone."""
        try:
            return os.read(self.input, READ_SIZE)
        except ConnectionError:
            return b""

    def has_input(self):
        import select

        poller = select.poll()
        poller.register(self.input, select.POLLIN)
        return bool(poller.poll(0))


def buffer_lines(stream):
    """Has a text stream write each line, after what it still has."""
    try:
        stream.reconfigure(line_buffering=True)
    except (AttributeError, OSError, ValueError):
        # There is none, it is somebody's own, or it is closed.
        pass


def has_host():
    """Whether stdin and stdout are what a host gives: pipes or sockets."""
    import stat

    try:
        modes = [os.fstat(number).st_mode for number in (0, 1)]
    except OSError:
        return False
    return all(stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) for mode in modes)


def end_soon():
    """Ends the process although threads of the script go on."""
    import time

    time.sleep(GRACE)
    os._exit(0)


# Calls


class Call:
    """A request on its way to its answer."""

    # The host does not want it any more.
    cancelled = False
    # Until when it is left alone to clean up after it was interrupted.
    not_before = 0.0
    # Of a coroutine.
    task = None
    # The thread of a pool that runs it; whether exceptions may still be sent there.
    thread = None
    settled = False

    def __init__(self, ident, name, method, params):
        self.id = ident
        self.name = name
        self.method = method
        self.params = params


def enter(call, server=None):
    """Starts a command. Signals look for a cancel from this frame on, whose callees are the script's."""
    if server is not None and server.look:
        server.look_for_cancel()
    return call.method(**call.params)


async def wait_for(awaitable):
    return await awaitable


def as_coroutine(awaitable):
    """A coroutine for whatever can be awaited; itself, if it is one.

    One inside another, cancelled before it begins, would be left behind with a warning.
    """
    return awaitable if type(awaitable) is COROUTINE else wait_for(awaitable)


def coroutine_type():
    coroutine = wait_for(None)
    coroutine.close()
    return type(coroutine)


COROUTINE = coroutine_type()


def is_awaitable(value):
    return hasattr(type(value), "__await__")


def command_names(bridge):
    """The public methods of a back end's classes below PythonBridge."""
    names = set()
    for kind in type(bridge).__mro__:
        if kind not in PythonBridge.__mro__:
            names.update(name for name, value in vars(kind).items() if is_command(name, value))
    return names


def is_command(name, value):
    if name.startswith("_") or name in ("run", "send_event") or isinstance(value, type):
        return False
    if isinstance(value, (staticmethod, classmethod)):
        return True
    return callable(value) and hasattr(type(value), "__get__")


class Server:
    """Answers requests. This part reads them; how they are run is for its subclasses."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.wire = wire
        # The methods that were called, by name.
        self.methods = {}
        # Lines that have come and were not looked at.
        self.queue = deque()
        # Pieces of the last line, how long they are, whether it is too long to be kept.
        self.pieces, self.size, self.skips = [], 0, False
        # The host has closed the wire.
        self.eof = False
        # A signal asked for a look at the input.
        self.look = False
        self.is_taking = False
        self.loop = None
        self.has_reader = False
        self.main = get_ident()

    def run(self):
        self.handle_interrupts()
        self.bridge._running = True
        try:
            self.open()
            self.serve()
        except KeyboardInterrupt:
            # Of the terminal that stdin is.
            self.eof = True
        finally:
            self.bridge._running = False
            self.finish()

    def open(self):
        try:
            self.wire.open(success(Call(b"0", "ready", None, {}), self.facts()))
        except ConnectionError:
            self.host_gone()

    def facts(self):
        """What the ready frame tells."""
        return {
            **PythonBridge.ready(self.bridge),
            "commands": sorted(command_names(self.bridge)),
            "max_concurrent": self.bridge.max_concurrent,
            "cancel": "SIGINT",
            "pid": os.getpid(),
        }

    # What comes in

    def take(self, data):
        """Puts lines into the queue, but for those that cancel what stands before them."""
        if data.find(b"\n") == len(data) - 1 and not self.pieces and not self.skips:
            if len(data) > SHORT or b'"cancel"' not in data:
                # One line, as always when the host waits for each answer.
                self.queue.append(data[:-1])
                return
        self.is_taking = True
        try:
            lines = data.split(b"\n")
            rest = lines.pop()
            if self.pieces or self.skips:
                self.complete_line(lines)
            for line in lines:
                if len(line) > SHORT or b'"cancel"' not in line or not self.is_cancel(line):
                    self.queue.append(line)
            if rest:
                self.keep(rest)
        finally:
            self.is_taking = False

    def complete_line(self, lines):
        """Puts the first line together, if its end has come."""
        if not lines:
            return
        line = b"".join([*self.pieces, lines[0]])
        if self.skips:
            del lines[0]
        elif len(line) > MAX_FRAME:
            self.refuse_line(line)
            del lines[0]
        else:
            lines[0] = line
        self.pieces, self.size, self.skips = [], 0, False

    def keep(self, piece):
        """Keeps the beginning of a line, unless it is too long."""
        if self.skips:
            return
        self.pieces.append(piece)
        self.size += len(piece)
        if self.size > MAX_FRAME:
            self.refuse_line(self.pieces[0])
            self.pieces, self.size, self.skips = [], 0, True

    def refuse_line(self, beginning):
        message = f"a line of more than {MAX_FRAME:,} bytes is not read"
        self.reply(error_frame(early_id(beginning), "too_large", message))

    def receive(self):
        """Waits for input and takes it. Tells whether there is something to do."""
        data = self.wire.read()
        if data:
            self.take(data)
        elif self.pieces:
            # The host may end without ending its last line.
            self.take(b"\n")
        else:
            self.host_gone()
        return not self.eof

    def is_cancel(self, line):
        """Obeys a line if it cancels a call."""
        try:
            frame = decode(line)
            is_cancel = type(frame) is dict and "cancel" in frame and "cmd" not in frame
            if is_cancel:
                self.cancel(id_text(frame["cancel"]))
            return is_cancel
        except (ValueError, RecursionError):
            return False

    def cancel(self, ident):
        """Drops calls that wait, and asks those that run to end."""
        for line in [line for line in self.queue if line_id(line) == ident]:
            self.queue.remove(line)
            self.reply(dropped(ident))

    def accept(self, line):
        """The call that a line asks for. What is none is answered."""
        ident = b"null"
        try:
            is_escaped = has_escapes(line)
            request = decode(line, is_escaped)
            if type(request) is not dict:
                raise BridgeError("a request is a JSON object")
            ident = id_text(request.get("id"))
            name = request.get("cmd")
            if name is None and "cancel" in request and "cmd" not in request:
                self.cancel(id_text(request["cancel"]))
                return None
            method = self.methods.get(name) if type(name) is str else None
            if method is None:
                method = self.find_method(name)
            params = request.get("params")
            if params is None:
                params = {}
            elif type(params) is not dict:
                raise BridgeError("params is a JSON object, or is left out")
            elif is_escaped or not EXACT.issuperset(map(type, params.values())):
                check_params(params, is_escaped)
            return Call(ident, name, method, params)
        except BridgeError as error:
            if ident == b"null":
                ident = early_id(line)
            self.reply(error_frame(ident, error.code, str(error)))
        except (ValueError, RecursionError) as error:
            if line.strip():
                self.reply(error_frame(ident, "invalid", f"the line is no JSON: {error}"))
        return None

    def find_method(self, name):
        if type(name) is not str:
            raise BridgeError('the request has no "cmd" that is a text')
        names = command_names(self.bridge)
        if name not in names and name not in ("ready", "shutdown"):
            raise BridgeError(unknown_command(name, names), "not_found")
        self.methods[name] = method = getattr(self.bridge, name)
        return method

    # What goes out

    def reply(self, frame):
        try:
            self.wire.send(frame)
        except ConnectionError:
            self.host_gone()

    def host_gone(self):
        """Ends everything: nobody asks any more, or reads answers."""
        self.bridge._running = False
        if not self.eof:
            self.eof = True
            try:
                start_new_thread(end_soon, ())
            except RuntimeError:
                # Python is ending, or there are too many.
                pass

    # Signals

    def handle_interrupts(self):
        import _signal

        try:
            _signal.signal(_signal.SIGINT, self.on_signal)
        except ValueError:
            # The back end does not run in the main thread.
            pass

    def on_signal(self, number, frame):
        """Looks for a cancel, unless code of this file runs, which looks by itself.

        So an exception is only ever raised in code of the script, or in what that calls.
        """
        if self.wire.is_terminal:
            raise KeyboardInterrupt
        is_own = frame is None or (
            frame.f_globals is GLOBALS and frame.f_code is not enter.__code__
        )
        if is_own or self.is_taking:
            self.look = True
        else:
            self.look_for_cancel(frame)

    def look_for_cancel(self, frame=None):
        """Takes what there is; raises Cancelled when that cancels the call that runs.

        `frame` is where the script is, if it is not what calls this.
        """
        call = self.current_call()
        # Where none runs, the input is read soon.
        self.look = call is None
        if call is None:
            return
        while not self.eof and self.wire.has_input():
            self.receive()
        if call.cancelled or self.eof:
            self.interrupt(call, frame or sys._getframe(1))

    def interrupt(self, call, frame):
        """Interrupts the call that runs, unless that was done a moment ago."""
        if call.task is None and is_in_loop(frame):
            # When the loop has a task for it, `complete` cancels that.
            return
        if not self.may_interrupt(call):
            return
        if call.task is None:
            raise Cancelled
        import asyncio

        if is_inside(frame, call.task):
            # It does not wait, so cancelling its task would come too late.
            raise asyncio.CancelledError
        self.loop.call_soon_threadsafe(call.task.cancel)

    def may_interrupt(self, call):
        """Whether a call is to be interrupted now.

        What goes on cleans up, or a library has swallowed the exception: after a while it gets another one.
        """
        import time

        now = time.monotonic()
        if now < call.not_before:
            return False
        call.not_before = now + AGAIN
        return True

    def cancel_task(self, call):
        """Cancels the task of a call, unless this runs inside it: then `interrupt` does, which comes next."""
        import asyncio

        if asyncio.current_task(self.loop) is not call.task and self.may_interrupt(call):
            call.task.cancel()

    # The event loop for `async def`

    def own_loop(self):
        """The loop of all calls, which runs in the main thread whenever that waits."""
        if self.loop is None or self.loop.is_closed():
            self.make_loop()
        return self.loop

    def make_loop(self):
        import asyncio

        self.loop = asyncio.new_event_loop()
        try:
            self.loop.add_reader(self.wire.input, self.on_input)
            self.has_reader = True
        except PermissionError:
            # A file: reading it never waits.
            pass

    def turn(self):
        """Runs the loop until it is stopped."""
        try:
            self.loop.run_forever()
        except (KeyboardInterrupt, SystemExit):
            # It is also the outcome of the task that raised it.
            if self.wire.is_terminal:
                raise

    def finish(self):
        """Answers who still waits, and ends what the loop has."""
        while self.queue and not self.eof:
            self.refuse(line_id(self.queue.popleft()))
        if self.loop is not None and not self.loop.is_closed():
            self.close_loop()

    def refuse(self, ident):
        if ident is not None:
            self.reply(error_frame(ident, "closed", "the back end has ended"))

    def close_loop(self):
        import asyncio

        loop = self.loop
        if self.has_reader:
            loop.remove_reader(self.wire.input)
            self.has_reader = False
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=1))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        except (RuntimeError, KeyboardInterrupt, SystemExit):
            # A task stopped the loop, or went on when it was told to end.
            pass


class Inline(Server):
    """Runs one call after the other, in the main thread.

    Each answer is written before the next call begins, which might take any time.
    """

    # The call that runs.
    running = None
    # The loop has seen input.
    is_readable = False

    def serve(self):
        queue, bridge = self.queue, self.bridge
        while bridge._running:
            if queue:
                self.answer(queue.popleft())
            elif self.has_reader:
                self.wait_in_loop()
            else:
                self.receive()

    def answer(self, line):
        call = self.accept(line)
        if call is None:
            return
        self.running = call
        try:
            result = enter(call, self)
            if type(result) not in DATA and is_awaitable(result):
                result = self.complete(call, result)
            frame = success(call, result)
        except BaseException as error:
            self.running = None
            frame = failure(call, error)
        self.running = None
        self.reply(frame)
        if call.name == "shutdown":
            self.bridge._running = False

    def current_call(self):
        return self.running

    def cancel(self, ident):
        super().cancel(ident)
        call = self.running
        if call is not None and call.id == ident:
            call.cancelled = True
            if call.task is not None:
                self.cancel_task(call)

    def complete(self, call, awaitable):
        """The result of a coroutine."""
        call.task = self.own_loop().create_task(as_coroutine(awaitable))
        call.task.add_done_callback(lambda task: self.loop.stop())
        if call.cancelled:
            self.cancel_task(call)
        while not call.task.done():
            if self.eof:
                raise Cancelled
            self.turn()
        return call.task.result()

    def wait_in_loop(self):
        """Waits for input while the loop goes on with what calls have left there."""
        if self.loop.is_closed():
            self.has_reader = False
            return
        self.is_readable = False
        while not self.is_readable:
            self.turn()
        self.receive()

    def on_input(self):
        if not self.wire.has_input():
            # A signal has been quicker, or the loop calls this twice.
            return
        if self.running is None:
            self.is_readable = True
            self.loop.stop()
            return
        self.receive()
        if self.eof:
            self.loop.stop()


class Pool(Server):
    """Runs several calls at once: coroutines in the main thread, other commands in threads.

    The main thread reads. Calls above the limit wait in order.
    """

    def __init__(self, bridge):
        super().__init__(bridge)
        from _queue import SimpleQueue

        self.limit = bridge.max_concurrent
        # Held while the following are changed, never while code of the script runs.
        self.guard = allocate_lock()
        self.active, self.waiting = [], deque()
        # How many threads wait for a call, and where they get it.
        self.idle, self.jobs = 0, SimpleQueue()
        # Calls that the main thread is to start, with what it is to await, and how it is woken.
        self.handed = deque()
        self.wake_reader, self.wake_writer = os.pipe()
        for number in (self.wake_reader, self.wake_writer):
            os.set_blocking(number, False)

    def serve(self):
        while not self.is_over():
            if self.has_reader and not self.loop.is_closed():
                self.turn()
            else:
                self.poll()

    def is_over(self):
        return self.eof or not (self.bridge._running or self.active or self.handed)

    def poll(self):
        import select

        poller = select.poll()
        poller.register(self.wire.input, select.POLLIN)
        poller.register(self.wake_reader, select.POLLIN)
        for number, _ in poller.poll():
            if number == self.wake_reader:
                self.on_wake()
            else:
                self.on_input()

    def make_loop(self):
        super().make_loop()
        self.loop.add_reader(self.wake_reader, self.on_wake)

    def wake(self):
        try:
            os.write(self.wake_writer, b"!")
        except BlockingIOError:
            # It has been woken often.
            pass

    def on_wake(self):
        try:
            os.read(self.wake_reader, READ_SIZE)
        except BlockingIOError:
            # The loop calls this twice when a task ends it with an exception.
            pass
        self.look_around()

    def on_input(self):
        if self.wire.has_input():
            self.receive()
        self.look_around()

    def look_around(self):
        """Starts what has come, and notices the end."""
        while self.queue:
            call = self.accept(self.queue.popleft())
            if call is not None:
                self.admit(call)
        while self.handed:
            call, awaitable = self.handed.popleft()
            if awaitable is None and not is_coroutine_function(call.method):
                self.start(call)
            else:
                self.start_task(call, awaitable)
        if not self.bridge._running:
            self.refuse_waiting()
        if self.loop is not None and self.is_over():
            self.loop.stop()

    def refuse_waiting(self):
        with self.guard:
            refused = list(self.waiting)
            self.waiting.clear()
        for call in refused:
            if not self.eof:
                self.refuse(call.id)

    # A call's way

    def admit(self, call):
        """Starts a call, or has it wait."""
        if not self.bridge._running:
            self.refuse(call.id)
            return
        with self.guard:
            # The end must not wait for a place.
            has_place = len(self.active) < self.limit or call.name == "shutdown"
            (self.active if has_place else self.waiting).append(call)
        if has_place:
            self.start(call)

    def start(self, call):
        """Has a call run: in the loop, in a thread that waits for one, or in a new thread."""
        if is_coroutine_function(call.method):
            self.hand_over(call)
            return
        with self.guard:
            is_taken = self.idle > 0
            self.idle -= is_taken
        if is_taken:
            self.jobs.put(call)
        else:
            self.start_thread(call)

    def hand_over(self, call, awaitable=None):
        """Has the main thread start a call."""
        self.handed.append((call, awaitable))
        self.wake()

    def start_thread(self, call):
        from threading import Thread

        try:
            Thread(target=self.work, args=(call,), name="call", daemon=True).start()
        except RuntimeError as error:
            self.answer(call, None, error)

    def work(self, call):
        """What a thread does: calls, one after the other."""
        while True:
            call = self.run_in_thread(call) or self.jobs.get()

    def run_in_thread(self, call):
        """Runs a call; returns the next one for this thread."""
        result, error = self.outcome(call)
        if error is None and is_awaitable(result):
            with self.guard:
                self.idle += 1
            self.hand_over(call, result)
            return None
        return self.answer(call, result, error, is_in_pool=True)

    def outcome(self, call):
        """Returns what a command returns and what it raises.

        At most one exception is sent to the thread of a call, so the outer handler is enough.
        """
        result = error = None
        try:
            try:
                call.thread = get_ident()
                if call.cancelled:
                    raise Cancelled
                result = enter(call)
            except BaseException as raised:
                error = raised
            self.settle(call)
        except Cancelled as late:
            error = late
            self.settle(call)
        return result, error

    def settle(self, call):
        """After this no exception is sent for the call; one that was sent arrives here."""
        with self.wire.lock as is_locked:
            # A call, because exceptions arrive at calls.
            bool(is_locked)
            call.settled = True

    def answer(self, call, result, error, is_in_pool=False):
        """Answers a call. A thread of the pool gets the next one, or is counted as idle."""
        if error is None:
            try:
                frame = success(call, result)
            except BaseException as raised:
                error = raised
        if error is not None:
            frame = failure(call, error)
        self.reply(frame)
        if call.name == "shutdown":
            self.bridge._running = False
        following = self.leave(call, is_in_pool)
        if not self.bridge._running:
            self.wake()
        return following

    def leave(self, call, is_in_pool):
        """Gives the place of a call to the first that waits; returns it if this thread is to run it."""
        following, is_taken = None, False
        with self.guard:
            self.active.remove(call)
            if self.waiting and self.bridge._running and len(self.active) < self.limit:
                following = self.waiting.popleft()
                self.active.append(following)
                is_taken = is_in_pool and not is_coroutine_function(following.method)
            if is_in_pool and not is_taken:
                self.idle += 1
        if following is not None and not is_taken:
            self.hand_over(following)
        return following if is_taken else None

    def start_task(self, call, awaitable):
        """Starts a coroutine in the loop; this is the main thread."""
        try:
            if awaitable is None:
                awaitable = enter(call)
            call.task = self.own_loop().create_task(as_coroutine(awaitable))
        except BaseException as error:
            self.answer(call, None, error)
            return
        call.task.add_done_callback(lambda task: self.finish_task(call))
        if call.cancelled:
            self.cancel_task(call)

    def finish_task(self, call):
        result = error = None
        try:
            result = call.task.result()
        except BaseException as raised:
            error = raised
        self.answer(call, result, error)

    # Cancelling

    def cancel(self, ident):
        super().cancel(ident)
        with self.guard:
            waiting = [call for call in self.waiting if call.id == ident]
            for call in waiting:
                self.waiting.remove(call)
            running = [c for c in self.active if c.id == ident and not c.cancelled]
        for call in waiting:
            self.reply(dropped(ident))
        for call in running:
            call.cancelled = True
            if call.task is not None:
                self.cancel_task(call)
            elif call.thread is not None:
                self.send_exception(call)

    def send_exception(self, call):
        """Raises Cancelled in the thread of a call, when its Python code goes on.

        The lock keeps the thread from being inside a frame that it writes.
        """
        try:
            from ctypes import c_ulong, py_object, pythonapi
        except ImportError:
            return
        with self.wire.lock:
            if not call.settled:
                pythonapi.PyThreadState_SetAsyncExc(c_ulong(call.thread), py_object(Cancelled))

    def current_call(self):
        """The call whose coroutine runs now; one that does not wait hides the input as well."""
        if self.loop is None:
            return None
        import asyncio

        task = asyncio.current_task(self.loop)
        return next((c for c in list(self.active) if c.task is task is not None), None)

    def look_for_cancel(self, frame=None):
        try:
            super().look_for_cancel(frame or sys._getframe(1))
        finally:
            # Other lines may have come too.
            self.wake()

    def host_gone(self):
        super().host_gone()
        self.wake()

    def finish(self):
        super().finish()
        self.refuse_waiting()


def is_in_loop(frame):
    """Whether asyncio runs for this file, and nothing of the script: an exception would break the loop."""
    while frame is not None and frame.f_globals is not GLOBALS:
        frame = frame.f_back
    return frame is not None and frame.f_code in LOOP_CODE


LOOP_CODE = {
    method.__code__
    for method in (
        Server.make_loop,
        Server.turn,
        Server.close_loop,
        Inline.complete,
        Pool.make_loop,
        Pool.start_task,
    )
}


def is_inside(frame, task):
    """Whether a frame belongs to what a task does. When that has ended, what tells so is the loop's."""
    if frame.f_globals.get("__name__", "").partition(".")[0] in ("asyncio", "selectors"):
        # It may be in the middle of something that the loop needs whole.
        return False
    outermost = getattr(task.get_coro(), "cr_frame", None)
    while frame is not None and frame is not outermost:
        frame = frame.f_back
    return frame is not None


def is_coroutine_function(method):
    code = getattr(getattr(method, "__func__", method), "__code__", None)
    return code is not None and bool(code.co_flags & IS_COROUTINE)


class PythonBridge:
    """A back end: its public methods below this class are the commands that a host can call.

    A command gets its parameters by name. It returns what JSON can hold, bytes, or numbers and texts of
    numpy; what it raises is the answer too. Not commands are `run`, `send_event` and what begins
    with an underscore. `ready` and `shutdown` are commands that a subclass may replace.

    A subclass with an `__init__` calls `super().__init__()` in it.
    """

    # How many calls run at once. With 1, each runs in the main thread and nothing of the back end runs
    # beside it, but threads of its own. With more, calls run in threads, and coroutines in one loop.
    max_concurrent = 1

    def __init__(self):
        self.state = {}
        # Whether run() goes on. A command that sets it to False is the last one: its answer is
        # sent, calls that wait are answered with `closed`, and run() returns.
        self._running = False
        self.__server = None
        self.__is_made = True
        if has_host():
            wire.move()

    def run(self):
        """Serves the host until it ends the wire, or calls `shutdown`, or `_running` is False."""
        try:
            wire.move()
        except OSError as error:
            raise SystemExit(f"bridge_runtime: there is no stdin or stdout to serve: {error}")
        fault = self.__fault()
        if fault:
            end_with(fault)
        self.__server = Inline(self) if self.max_concurrent == 1 else Pool(self)
        self.__server.run()

    def __fault(self):
        name = type(self).__name__
        if not getattr(self, "_PythonBridge__is_made", False):
            return f"{name}.__init__() does not call super().__init__(), so {name} cannot run"
        limit = self.max_concurrent
        if type(limit) is not int or limit < 1:
            return f"{name}.max_concurrent is {limit!r}; it is a number of calls, at least 1"
        return None

    def send_event(self, name, data=None):
        """Sends an event to the host, from any thread. Raises BridgeError when JSON cannot hold it.

        Events of one thread arrive in their order. Those sent before run() follow the ready frame.
        """
        server = self.__server
        try:
            wire.send(event(name, data), is_event=True)
        except ConnectionError:
            if server is not None:
                server.host_gone()
            raise SystemExit from None
        if server is not None and server.look and get_ident() == server.main:
            server.look_for_cancel()

    def ready(self):
        """Answers the host's question whether the back end is there."""
        return {"status": "ready", "python_version": sys.version}

    def shutdown(self):
        """Ends run(); a subclass may clean up here. It ends also when this is replaced."""
        self._running = False
        return {"status": "shutdown"}


# Programs


def end_with(message, code="invalid", kind="BridgeError", trace=""):
    """Tells the host, and who reads stderr, why there is no back end; ends the process."""
    told = trace if trace and kind != "KeyboardInterrupt" else f"bridge_runtime: {message}\n"
    print(told, end="", file=sys.stderr)
    try:
        wire.open(error_frame(b"0", code, message, kind, trace))
    except ConnectionError:
        pass
    raise SystemExit(1)


def serve_main(arguments):
    """Runs a script as Python would; what keeps it from being a back end is told as a frame."""
    wire.move()
    script = arguments[0]
    sys.argv[:] = arguments
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    try:
        run_script(script)
    except BaseException as error:
        end_after(error)
    if not wire.is_ready():
        end_with(no_run(script))


def run_script(script):
    from _frozen_importlib_external import SourceFileLoader

    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        end_with(f"the script cannot be read: {error}", "not_found", type(error).__name__)
    path = os.path.abspath(script) if sys.version_info >= (3, 9) else script
    module = type(sys)("__main__")
    module.__file__ = path
    if sys.version_info < (3, 15):
        module.__cached__ = None
    if "__annotations__" in vars(sys.modules["__main__"]):
        module.__annotations__ = {}
    module.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    exec(compile(source, path, "exec", dont_inherit=True), vars(module))
    join_threads()


def join_threads():
    """Waits for what Python would wait for: run() may be called in a thread."""
    threading = sys.modules.get("threading")
    for thread in threading.enumerate() if threading else ():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def end_after(error):
    """Ends the process as Python would, after an exception of a script."""
    if wire.is_ready():
        if not isinstance(error, SystemExit):
            error.__traceback__ = own_part(error.__traceback__)[1]
            sys.excepthook(type(error), error, error.__traceback__)
            raise SystemExit(1)
        raise error
    kind, message = type(error).__name__, message_of(error)
    if isinstance(error, SystemExit):
        end_with(f"the script ended before run() was called: SystemExit: {message}", "python", kind)
    if isinstance(error, ImportError):
        version = sys.version.partition(" ")[0]
        message += f"; this is Python {version}, {sys.executable}"
    end_with(message, "python", kind, traceback_of(error))


def no_run(script):
    names = [kind.__name__ for kind in back_ends(PythonBridge)]
    if not names:
        return f"{script} has ended; it has no class below PythonBridge, and run() was not called"
    calls = " or ".join(f"{name}().run()" for name in names)
    return f"{script} has ended without a call of run(): it should end with {calls}"


def back_ends(kind):
    """The classes below a class that have none below them."""
    for below in kind.__subclasses__():
        if below.__subclasses__():
            yield from back_ends(below)
        else:
            yield below


def execute_main():
    """Answers one request {"code":TEXT,"params":{...}}: runs a text as the body of a function."""
    wire.move()
    call = Call(b"0", "execute", None, {})
    try:
        read_code(call, read_line())
        result = enter(call)
        if is_awaitable(result):
            import asyncio

            result = asyncio.run(as_coroutine(result))
        frame = success(call, result)
    except BaseException as error:
        frame = failure(call, error)
    try:
        wire.open(frame)
    except ConnectionError:
        pass


def read_line():
    pieces = [b""]
    while b"\n" not in pieces[-1] and sum(map(len, pieces)) <= MAX_FRAME:
        data = wire.read()
        if not data:
            break
        pieces.append(data)
    line = b"".join(pieces).partition(b"\n")[0]
    if len(line) > MAX_FRAME:
        raise BridgeError(f"a line of more than {MAX_FRAME:,} bytes is not read", "too_large")
    return line


def read_code(call, line):
    """Has a call run the code of a request."""
    try:
        request = decode(line)
    except (ValueError, RecursionError) as error:
        raise BridgeError(f"the line is no JSON: {error}") from None
    if type(request) is not dict:
        raise BridgeError("a request is a JSON object")
    call.id = id_text(request.get("id", 0))
    code, params = request.get("code"), request.get("params")
    if type(code) is not str:
        raise BridgeError('the request has no "code" that is a text')
    encode(code, "code")
    call.params = {} if params is None else params
    if type(call.params) is not dict:
        raise BridgeError("params is a JSON object, or is left out")
    check_params(call.params)
    call.method = function_of(code, call.params)


EXECUTE = "<execute>"
ONLY_TREE = 0x400


def function_of(text, names):
    """A function with a text as its body, and with parameters of these names."""
    import linecache

    # So that tracebacks show the lines.
    linecache.cache[EXECUTE] = (len(text), None, text.splitlines(True), EXECUTE)
    module = definition(names)
    body = parse_body(text)
    function = module.body[0]
    while body and type(body[0]).__name__ == "ImportFrom" and body[0].module == "__future__":
        module.body.insert(-1, body.pop(0))
    if len(body) == 1 and type(body[0]).__name__ == "Expr":
        function.body[0].value = body[0].value
    elif body:
        function.body = body
    namespace = {"__name__": "__main__"}
    exec(compile(module, EXECUTE, "exec", dont_inherit=True), namespace)
    return namespace["execute"]


def definition(names):
    """The tree of a function that returns None."""
    for name in names:
        if not name.isidentifier():
            raise BridgeError(f"a name of a variable in params is {quoted(name)}")
    parameters = "*, " + ", ".join(names) if names else ""
    text = f"def execute({parameters}): return None"
    try:
        compile(text, EXECUTE, "exec")
        return compile(text, EXECUTE, "exec", ONLY_TREE, True)
    except SyntaxError:
        raise BridgeError("a name in params is a word of Python's own") from None


def parse_body(text):
    """The statements of a text. It may be indented as a whole, and is not changed for that: it may
    have strings of several lines.
    """
    lines = (line for line in text.splitlines() if line.strip())
    if next(lines, "")[:1] not in (" ", "\t"):
        return compile(text, EXECUTE, "exec", ONLY_TREE, True).body
    import ast

    try:
        block = ast.parse("if True:\n" + text, EXECUTE).body
    except SyntaxError as error:
        error.lineno -= 1
        if getattr(error, "end_lineno", None):
            error.end_lineno -= 1
        raise
    for statement in block:
        ast.increment_lineno(statement, -1)
    return block[0].body + block[1:]


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["serve"] and len(arguments) > 1:
        serve_main(arguments[1:])
    elif arguments == ["execute"]:
        execute_main()
    else:
        raise SystemExit("usage: python -m bridge_runtime serve SCRIPT [ARGUMENT...] | execute")


GLOBALS = globals()
wire = Wire()

if __name__ == "__main__":
    # Once more, under the name by which scripts know it.
    import bridge_runtime

    bridge_runtime.main()
elif os.environ.get("VH_BRIDGE", "0") not in ("", "0") and has_host():
    wire.move()
