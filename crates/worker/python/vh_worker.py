"""A script of a hub in a process of its own: runs it, and makes its module `vh`. Python 3.8 or newer.

The other end is `crates/worker/src/script`. The wire is that of bridge_runtime, with these further keys:

    {"id":1,"cmd":"hook","params":{...}}       a request; the names of its commands are methods of Script
    {"answer":5,"result":...}                  the answer to a call of `vh`, or
    {"answer":5,"raise":[CLASS,MESSAGE]}       the exception that it raises
    {"cancel":1}                               the request is late: an exception is sent to it
    {"where":1}                                where is the request?

    {"id":5,"status":"call","cmd":"usermc","in":1,"result":[...]}    a call of `vh`; `in` is the request
                                                                     inside of which it is made, or null
    {"cmd":"output","status":"event","result":[1,"text"]}            what it prints
    {"cmd":"log","status":"event","result":[LEVEL,"text"]}           a record for the log
    {"cmd":"error","status":"event","result":"text"}                 an error that Python itself reports
    {"cmd":"jobs","status":"event","result":null}                    there is work for the host's thread
    {"cmd":"stack","status":"event","result":[1,"text"]}             where a late request is
    {"cmd":"raised","status":"event","result":{...}}                 an exception that nobody waits for

Requests run in the main thread, one inside the other while one waits for `vh`. A thread of ours reads the
wire, so that answers and exceptions come also while a request runs.
"""

import os
import sys
from _queue import SimpleQueue
from _thread import allocate_lock, get_ident, start_new_thread

from bridge_runtime import read_value, scan, scan_bytes, wire

GLOBALS = globals()
MAIN = get_ident()
MAX_DEPTH = 128
MAX_LENGTH = 64 << 20
# How much work for the host's thread may wait at once.
MOST_JOBS = 1024
# What finalizers need of the globals.
LASTING = (type, type(sys), type(lambda: None), type(len))
INT64 = range(-(1 << 63), 1 << 63)
SCALARS = (str, int, float)


# Values on the wire


def make_writer():
    """A function that writes a value as JSON text in ASCII; lone surrogates are escapes."""
    try:
        from _json import encode_basestring_ascii, make_encoder

        write = make_encoder(
            None, None, encode_basestring_ascii, None, ":", ",", False, False, False
        )
        if "".join(write({"a": "\udcff"}, 0)) == '{"a":"\\udcff"}':
            return lambda value: "".join(write(value, 0))
    except (ImportError, TypeError):
        pass
    import json

    return json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


write_json = make_writer()


def send(fields):
    wire.send(write_json(fields).encode() + b"\0")


def send_event(name, value):
    send({"cmd": name, "status": "event", "result": value})


class Refused(Exception):
    """A value has no form on the other side; the text says why."""


def type_name(value):
    return type(value).__name__


def is_container(value):
    return isinstance(value, (list, tuple, dict, set, frozenset)) or is_frozen_map(value)


def is_frozen_map(value):
    return type(value).__name__ == "frozendict" and hasattr(value, "items")


def form_of(value, is_native=False):
    """What stands on the wire for the result of a function or an argument of a host function.

    Texts, ints and None stand for themselves; others are maps of one key, which says what they are,
    and perhaps `is`, the name of their type. `is_native` says that the host knows tuples and lists.
    """
    if value is None:
        return None
    if isinstance(value, int):
        if value not in INT64:
            raise Refused("an integer does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        return {"f": float.__repr__(value)}
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("a str holds a NUL character")
        return str(value)
    if not is_container(value):
        raise Refused(f"a value of type {type_name(value)} has no C form")
    if is_native and isinstance(value, tuple):
        return {"t": [form_or_nothing(item) for item in value[:64]]}
    if is_native and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return {"L": [form_of(item) for item in value]}
    form = {"j": json_text(value), "is": type_name(value)}
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        form["texts"] = list(value)
    return form


def form_or_nothing(item):
    try:
        return form_of(item) if isinstance(item, SCALARS) else {"u": 1}
    except Refused:
        return {"u": 1}


def json_text(value):
    """The JSON text of a value by the rules of `vh`, which are stricter than those of Python."""
    out = []
    write_value(out, value, 0)
    text = "".join(out)
    if len(text) > MAX_LENGTH:
        raise Refused(f"its JSON text is longer than {MAX_LENGTH >> 20} MiB")
    return text


def write_value(out, value, depth):
    if depth > MAX_DEPTH:
        raise Refused(f"it is nested deeper than {MAX_DEPTH} levels or contains itself")
    if value is None or value is True or value is False or isinstance(value, SCALARS):
        out.append(scalar_text(value))
    elif isinstance(value, dict) or is_frozen_map(value):
        write_map(out, value, depth)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            out.append("," if index else "[")
            write_value(out, item, depth + 1)
        out.append("]" if value else "[]")
    elif isinstance(value, bytes):
        from binascii import b2a_base64

        out.append('{"$bytes":"' + b2a_base64(value, newline=False).decode() + '"}')
    else:
        raise Refused(f"a value of type {type_name(value)} has no JSON form")


def write_map(out, value, depth):
    for index, (key, item) in enumerate(value.items()):
        out.append("," if index else "{")
        if isinstance(key, str):
            out.append(scalar_text(key))
        elif key is None or isinstance(key, (int, float)):
            out.append('"' + scalar_text(key) + '"')
        else:
            raise Refused(f"a key of type {type_name(key)} has no JSON form")
        out.append(":")
        write_value(out, item, depth + 1)
    out.append("}" if value else "{}")


def scalar_text(value):
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if value not in INT64:
            raise Refused("an integer in it does not fit 64 bits")
        return int.__repr__(value)
    if isinstance(value, float):
        if value - value != 0:
            shown = "NaN" if value != value else float.__repr__(value)
            raise Refused(f"{shown} in it has no JSON form")
        return float.__repr__(value)
    return write_text(value)


def write_text(text):
    """A text as JSON, with an escape only where there must be one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(
            c if "\ud800" > c or c > "\udfff" else f"\\u{ord(c):04x}" for c in quoted(text)
        )
    return quoted(text)


def quoted(text):
    from _json import encode_basestring

    return encode_basestring(text)


def parse_json(text):
    """The value of a JSON text by the rules of `vh`. Raises Refused."""
    stripped = text.strip(" \t\r\n")
    try:
        value, end = read_value(scan_bytes, stripped)
    except StopIteration:
        raise Refused("no value begins here, at byte 0") from None
    except RecursionError:
        raise Refused("it is nested too deep") from None
    except ValueError as error:
        raise Refused(str(error)) from None
    if end < len(stripped):
        raise Refused(f"there is more text after the value, at byte {end}")
    check_read(value, text)
    return value


def check_read(value, text):
    """Refuses what JSON text may hold and `vh` may not."""
    level, depth = [value], 0
    while level:
        inner = []
        for item in level:
            if type(item) is dict:
                inner.extend(item.values())
            elif type(item) is list:
                inner.extend(item)
            elif type(item) is int and item not in INT64:
                raise Refused(f"this integer does not fit 64 bits, at byte {text.find(str(item))}")
        level, depth = inner, depth + 1
        if depth > MAX_DEPTH + 1:
            raise Refused("it is nested too deep")


def object_at(address):
    """An object of this process whose address a script has told the host."""
    import gc

    for candidate in gc.get_objects():
        if id(candidate) == address:
            return candidate
    raise Refused(
        "the host passed an object that this script, in a process of its own, does not have"
    )


def value_of(form):
    """The value of a form that the host sends."""
    if type(form) is not dict:
        return form
    ((kind, content),) = form.items()
    if kind == "f":
        return float(content)
    if kind == "j":
        return parse_json(content)
    if kind == "o":
        return object_at(content)
    if kind == "t":
        return tuple(map(value_of, content))
    if kind == "m":
        return {key: value_of(item) for key, item in content}
    if kind == "nicks":
        return nicks_of(content)
    prefix, nicks = content  # Of "raw".
    return prefix + "".join(nick + "$$" for nick in value_of(nicks))


def nicks_of(form):
    """A list of nicks that the hub gave as JSON."""
    nicks = value_of(form)
    if type(nicks) is list and all(isinstance(nick, str) for nick in nicks):
        return nicks
    raise Refused("its JSON is no list of texts")


# Exceptions


def clean(text):
    return text.encode("utf-8", "backslashreplace").decode()


def text_of(exception):
    try:
        return str(exception)
    except BaseException:
        return "(its text cannot be shown)"


def raised(exception):
    """What the host is told of an exception."""
    kind, place, trace = type_name(exception), None, exception.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals is not GLOBALS:
            place = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno}"
        trace = trace.tb_next
    line = text_of(exception).split("\n")[0]
    line = line[:200] + "…" if len(line) > 200 else line
    return {
        "kind": kind,
        "message": clean(text_of(exception)),
        "traceback": clean(describe(exception)),
        "line": clean(f"{kind}: {line}" if line else kind),
        "place": place and clean(place),
        "exits": isinstance(exception, SystemExit),
        "advice": advice_on(exception),
    }


# Calls of the host


class Calls:
    """The calls of `vh` that wait for their answers."""

    def __init__(self):
        self.last = 0
        self.lock = allocate_lock()
        # Of threads: where they sleep, and the answers.
        self.sleeping = {}
        # What the main thread is to do: requests, and answers to its own calls.
        self.inbox = SimpleQueue()
        self.answers = {}

    def begin(self, name, arguments, request):
        with self.lock:
            self.last += 1
            number = self.last
        is_main = get_ident() == MAIN
        if not is_main:
            lock = allocate_lock()
            lock.acquire()
            self.sleeping[number] = [lock, None]
        fields = {"id": number, "status": "call", "cmd": name, "in": request, "result": arguments}
        send(fields)
        return number

    def wait_in_main(self, number):
        """The answer; meanwhile requests of the host run here."""
        while number not in self.answers:
            kind, content = self.inbox.get()
            if kind == "answer":
                self.answers[content["answer"]] = content
            else:
                script.run(content)
        return self.answers.pop(number)

    def wait_in_thread(self, number, name):
        lock, _ = self.sleeping[number]
        # The host gives up a little earlier, so that its word is heard.
        is_there = lock.acquire(True, script.call_timeout + 1)
        _, answer = self.sleeping.pop(number)
        if is_there:
            return answer
        why = "the hub did not call any script in time to answer this call of a thread"
        raise TimeoutError(f"{name}(): {why}")

    def take_answer(self, content):
        """An answer has come."""
        sleeper = self.sleeping.get(content["answer"])
        if sleeper is None:
            self.inbox.put(("answer", content))
        else:
            sleeper[1] = content
            sleeper[0].release()


calls = Calls()

EXCEPTIONS = {
    kind.__name__: kind
    for kind in vars(__import__("builtins")).values()
    if isinstance(kind, type) and issubclass(kind, (Exception, SystemExit))
}


def call_host(name, arguments):
    """Asks the host and returns its answer. Raises what it says."""
    is_main = get_ident() == MAIN
    if script.is_gone:
        raise SystemExit(f"{name}(): the script is being unloaded")
    request = script.requests[-1] if is_main and script.requests else None
    number = calls.begin(name, arguments, request)
    if is_main:
        answer = calls.wait_in_main(number)
    else:
        answer = calls.wait_in_thread(number, name)
    if "raise" not in answer:
        return result_of(name, answer["result"])
    kind, message = answer["raise"]
    known = EXCEPTIONS.get(kind)
    if known is None:
        raise RuntimeError(f"{kind}: {message}")
    raise known(message)


def result_of(name, form):
    try:
        return value_of(form)
    except Refused as reason:
        if name == "CallDynamicFunction":
            raise ValueError(f"the result cannot be read: {reason}") from None
        send_event("error", f"the hub's result of vh.{name}() cannot be read: {reason}")
        return None if "Raw" in name else []


# The module vh


class Function:
    """A function of `vh` that asks the host."""

    def __init__(self, name, parameters, doc):
        self.__name__ = self.__qualname__ = name
        self.__doc__ = doc
        self.__module__ = "vh"
        self.parameters = parameters
        self.required = sum(1 for parameter in parameters if parameter["default"] is REQUIRED)

    def __repr__(self):
        return f"<built-in function {self.__name__}>"

    def __reduce__(self):
        return f"vh.{self.__name__}"

    @property
    def __signature__(self):
        import inspect

        def parameter(row):
            default = inspect.Parameter.empty if row["default"] is REQUIRED else row["default"]
            return inspect.Parameter(
                row["name"], inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default
            )

        return inspect.Signature([parameter(row) for row in self.parameters])

    def __call__(self, *args, **kwargs):
        return call_host(self.__name__, self.pack(self.match(args, kwargs)))

    def match(self, args, kwargs):
        """The values of the parameters, None for those that were left out."""
        return match(self.__name__, self.parameters, self.required, args, kwargs)

    def pack(self, values):
        return [
            self.packed(index, value) if index < len(self.parameters) else value
            for index, value in enumerate(values)
        ]

    def packed(self, index, value):
        parameter = self.parameters[index]
        if value is None or value is LEFT_OUT:
            if parameter["default"] is REQUIRED:
                raise self.wrong_type(index, None)
            return None
        if parameter["kind"] == "int":
            return self.packed_int(index, value)
        if not isinstance(value, str):
            raise self.wrong_type(index, value)
        if "\0" in value:
            raise ValueError(f"{self.described(index)} holds a NUL character")
        return str(value)

    def packed_int(self, index, value):
        if not hasattr(type(value), "__index__"):
            raise self.wrong_type(index, value)
        number = int(value) if isinstance(value, int) else type(value).__index__(value)
        if number not in INT64:
            raise OverflowError(f"{self.described(index)} does not fit 64 bits")
        return number

    def described(self, index):
        return f"{self.__name__}() argument {index + 1} ({self.parameters[index]['name']})"

    def wrong_type(self, index, value):
        wanted = {"text": "str", "int": "int", "values": "a tuple or list"}
        kind = wanted[self.parameters[index]["kind"]]
        return TypeError(f"{self.described(index)} must be {kind}, not {type_name(value)}")


LEFT_OUT = object()
REQUIRED = object()


def match(function, parameters, required, args, kwargs):
    """The arguments in the order of the parameters; LEFT_OUT for those that are not given."""
    count = len(parameters)
    if len(args) > count:
        raise wrong_count(function, len(args) + len(kwargs), required, count)
    values = list(args) + [LEFT_OUT] * (count - len(args))
    for keyword, value in kwargs.items():
        is_it = [keyword in (row["name"], row["alias"]) for row in parameters]
        if True not in is_it:
            raise TypeError(f"{function}() has no argument named '{keyword}'")
        index = is_it.index(True)
        if values[index] is not LEFT_OUT:
            raise TypeError(f"{function}() got argument '{keyword}' twice")
        values[index] = value
    if LEFT_OUT not in values[:required]:
        return values
    if not kwargs:
        raise wrong_count(function, len(args), required, count)
    index = values.index(LEFT_OUT)
    name = parameters[index]["name"]
    raise TypeError(f"{function}() is missing argument {index + 1} ({name})")


def wrong_count(function, given, least, most):
    takes = f"exactly {least}" if least == most else f"{least} to {most}"
    return TypeError(f"{function}() takes {takes} arguments ({given} given)")


def row(name, kind="text", default=REQUIRED, alias=""):
    return {"name": name, "alias": alias, "kind": kind, "default": default}


class Sql(Function):
    """vh.SQL: a number in second place is the limit."""

    def __call__(self, *args, **kwargs):
        query, params, limit = self.match(args, kwargs)
        query = self.packed(0, query)
        given = None if params is LEFT_OUT else params
        if given is not None and not isinstance(given, (tuple, list)):
            if not hasattr(type(given), "__index__"):
                raise TypeError(
                    f"SQL() argument 2 (params) must be a tuple or list, not {type_name(given)}: "
                    "one value is written (value,)"
                )
            if limit is not LEFT_OUT:
                raise TypeError(
                    "SQL() argument 2 (params) must be a tuple or list when argument 3 (limit) is given"
                )
            given, limit = None, given
        limit = self.packed(2, limit)
        if given is not None:
            given = [sql_form(item, f"SQL() parameter {i}") for i, item in enumerate(given, 1)]
        return call_host("SQL", [query, given, limit])


def sql_form(value, place):
    """What stands on the wire for a value in a query."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(f"{place} holds a NUL character, which no query can")
        return str(value)
    if isinstance(value, bytes):
        return {"b": list(value)}
    if isinstance(value, float):
        return {"f": float.__repr__(value)}
    if not hasattr(type(value), "__index__"):
        advice = "give it as one of these, such as str(value)"
        if isinstance(value, (tuple, list)):
            advice = "each of its values needs a ? of its own"
        kinds = "str, bytes, int, float, bool or None"
        raise TypeError(f"{place} must be {kinds}, not {type_name(value)}: {advice}")
    number = int(value) if isinstance(value, int) else type(value).__index__(value)
    if not -(1 << 63) <= number < 1 << 64:
        raise OverflowError(f"{place} does not fit 64 bits")
    return {"i": str(number)}


ENTITIES = {"\5": "&#5;", "$": "&#36;", "`": "&#96;", "|": "&#124;", "~": "&#126;"}


def text_argument(name, args, kwargs):
    (text,) = match(name, [row("text")], 1, args, kwargs)
    if not isinstance(text, str):
        raise TypeError(f"{name}() argument 1 (text) must be str, not {type_name(text)}")
    return text


def make_own_functions(vh):
    """The functions that are not callbacks of the hub."""

    def encode(*args, **kwargs):
        text = text_argument("encode", args, kwargs)
        return "".join(ENTITIES.get(character, character) for character in text)

    def decode(*args, **kwargs):
        text = text_argument("decode", args, kwargs)
        out, at = [], 0
        while at < len(text):
            for character, entity in ENTITIES.items():
                if text.startswith(entity, at):
                    out.append(character)
                    at += len(entity)
                    break
            else:
                out.append(text[at])
                at += 1
        return "".join(out)

    def quote(*args, **kwargs):
        (value,) = match("quote", [row("value")], 1, args, kwargs)
        return call_host("quote", [sql_form(value, "quote() argument 1 (value)")])

    def log(*args, **kwargs):
        rows = [row("message"), row("level", "int", None)]
        message, level = match("log", rows, 1, args, kwargs)
        text, level = text_and_level(message, None if level is LEFT_OUT else level)
        send_event("log", [level, clean(text)])

    def stats(*args, **kwargs):
        (form,) = match("stats", [row("form", "text", "dict")], 0, args, kwargs)
        form = "dict" if form is LEFT_OUT else str(form)
        if form not in ("dict", "prometheus"):
            shown = write_text(form)
            raise ValueError(f"stats() argument 1 must be 'dict' or 'prometheus', not {shown}")
        return call_host("stats", [form])

    def CallDynamicFunction(*args, **kwargs):
        """Call a function the host registered for this script."""
        for keyword in kwargs:
            if keyword != "name":
                raise TypeError(f"CallDynamicFunction() has no argument named '{keyword}'")
        if args and kwargs:
            raise TypeError("CallDynamicFunction() got argument 'name' twice")
        args = args or tuple(kwargs.values())
        if not args:
            raise TypeError("CallDynamicFunction() takes at least 1 arguments (0 given)")
        return call_dynamic(*args)

    for function in (encode, decode, quote, log, stats, CallDynamicFunction):
        function.__qualname__, function.__module__ = function.__name__, "vh"
        setattr(vh, function.__name__, function)
    vh.Encode, vh.Decode = encode, decode


def call_dynamic(name, *arguments):
    if not isinstance(name, str):
        raise TypeError(
            f"CallDynamicFunction() argument 1 (name) must be str, not {type_name(name)}"
        )
    forms = []
    for argument in arguments:
        try:
            forms.append(form_of(argument))
        except Refused as reason:
            # What is wrong depends on what the function asks for.
            forms.append({"x": str(reason), "is": type_name(argument), "e": refusal_of(argument)})
    return call_host("CallDynamicFunction", [clean(name), *forms])


def refusal_of(argument):
    """The class of the exception for an argument that has no form in C."""
    if isinstance(argument, int):
        return "OverflowError"
    return "ValueError" if isinstance(argument, str) else "TypeError"


def text_and_level(message, level):
    if level is not None and not isinstance(level, int):
        raise TypeError(f"log() argument 2 (level) must be int or None, not {type_name(level)}")
    if isinstance(message, str):
        return message, level
    if hasattr(message, "levelno"):
        formatter = standard_module("logging").Formatter()
        return formatter.format(message), message.levelno
    raise TypeError(
        f"log() argument 1 (message) must be str or a LogRecord, not {type_name(message)}"
    )


def make_vh(params):
    vh = type(sys)("vh", "The hub: what a script can ask it and tell it to do.")
    for name, rows, doc in params["functions"]:
        parameters = [
            row(n, kind, REQUIRED if must else default, alias)
            for n, alias, kind, must, default in rows
        ]
        kind = Sql if name == "SQL" else Function
        setattr(vh, name, kind(name, parameters, doc))
    make_own_functions(vh)
    for name, value in params["constants"]:
        setattr(vh, name, value)
    vh.__version_string__, numbers = params["version"]
    vh.__version__ = tuple(numbers)
    for name, value in params["attributes"]:
        setattr(vh, name, value)
    vh.state = {} if params["state"] is None else parse_json(params["state"])
    vh.on_unload, vh.run_in_host = script.on_unload, script.run_in_host
    vh.log_handler = script.log_handler
    return vh


# The script


class Output:
    """The bytes of standard output or standard error: they go to the host's log."""

    def __init__(self, number):
        import io

        class Raw(io.RawIOBase):
            name, mode = ("<stdout>", "<stderr>")[number - 1], "wb"

            def writable(self):
                return True

            def fileno(self):
                return number

            def isatty(self):
                return False

            def close(self):
                """Nothing: others still write."""

            def write(self, data):
                data = bytes(data)
                # What waits in C's buffers is written before.
                send_event("output", [number, data.decode("utf-8", "backslashreplace")])
                return len(data)

        self.stream = io.TextIOWrapper(
            Raw(), encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True
        )
        self.stream.mode = "w"


class Script(Offers, Jobs, Coroutines, Threads):
    # The process has one.
    script = None
    shared = False

    def __init__(self):
        self.requests = []
        self.cancelled = set()
        self.closed = False
        self.is_gone = False
        self.is_native = False
        self.call_timeout = 10.0
        self.namespace = {}
        self.vh = None
        self.unload_callbacks = []
        self.jobs = []
        self.tasks = set()
        # Of its end: what was asked to stop, and what reports exceptions of threads meanwhile.
        self.asked = []
        self.quiet_hook = self.loud_hook = None
        self.reader = None
        self.loop, self.loop_lock = None, allocate_lock()
        self.failures = []
        self.hooks = []
        self.known_hooks = None
        self.is_busy = False
        self.has_unload = False
        self.timer_code = None

    # The wire

    def read(self):
        """Reads the wire, in a thread of its own, until the host is gone."""
        self.reader = get_ident()
        rest = b""
        while True:
            data = wire.read()
            if not data:
                os._exit(0)
            *lines, rest = (rest + data if rest else data).split(b"\n")
            for line in lines:
                message, _ = scan(line.decode(), 0)
                if "answer" in message:
                    calls.take_answer(message)
                elif "cancel" in message:
                    self.cancel(message["cancel"])
                elif "where" in message:
                    send_event("stack", [message["where"], stack_of_main()])
                else:
                    calls.inbox.put(("request", message))

    def cancel(self, request):
        """A request is late: tells where it is, and sends it an exception."""
        if request in self.cancelled and self.requests[-1:] != [request]:
            return
        is_first = request not in self.cancelled
        self.cancelled.add(request)
        if is_first:
            send_event("stack", [request, stack_of_main()])
        if self.requests[-1:] == [request]:
            import signal

            signal.pthread_kill(MAIN, signal.SIGINT)

    def interrupted(self, number, frame):
        """The signal has come, in the main thread."""
        if self.requests and self.requests[-1] in self.cancelled:
            raise TimeoutError

    def serve(self):
        while True:
            kind, content = calls.inbox.get()
            if kind == "answer":
                calls.answers[content["answer"]] = content
            else:
                self.run(content)

    def run(self, request):
        """Runs a request and answers it."""
        number = request["id"]
        self.requests.append(number)
        try:
            try:
                if number in self.cancelled:
                    raise TimeoutError
                result = getattr(self, "do_" + request["cmd"])(**request["params"])
                result = {"value": result}
            finally:
                self.requests.pop()
        except BaseException as exception:
            result = {"raised": raised(exception)}
            exception.__traceback__ = None
        self.cancelled.discard(number)
        self.tell_failures()
        flush()
        is_busy = bool(self.tasks)
        if is_busy != self.is_busy:
            result["busy"] = self.is_busy = is_busy
        hooks = self.listed_hooks()
        if hooks != self.known_hooks:
            result["hooks"] = self.known_hooks = hooks
        has_unload = callable(self.namespace.get("UnLoad"))
        if has_unload != self.has_unload:
            result["unload"] = self.has_unload = has_unload
        send({"id": number, "status": "success", "result": result})

    def tell_failures(self):
        for place, exception in self.take_failures():
            send_event("raised", {**raised(exception), "where": place})

    def listed_hooks(self):
        namespace = self.namespace
        return [n for n, name in enumerate(self.hooks) if callable(namespace.get(name))]

    # Requests

    def do_load(self, source, path, folders, hooks, timeout, native, **params):
        self.hooks, self.call_timeout, self.is_native = hooks, timeout, native
        self.vh = sys.modules["vh"] = make_vh(params)
        main = type(sys)("__main__")
        self.namespace = vars(main)
        main.__file__ = path
        sys.modules["__main__"] = main
        sys.path[:0] = folders
        sys.argv[:] = [path]
        code = compile(source.encode("latin-1"), path, "exec", dont_inherit=True)
        exec(code, self.namespace)
        functions = [clean(name) for name, value in self.namespace.items() if callable(value)]
        return {"functions": functions, "standard": os.path.dirname(os.__file__)}

    def do_hook(self, number, reply, args):
        function = self.namespace.get(self.hooks[number])
        if not callable(function):
            return {"none": 1}
        arguments = [value_of(form) for form in args]
        if self.hooks[number] == "OnTimer" and not self.takes_time(function):
            arguments = arguments[1:]
        result = function(*arguments)
        if hasattr(result, "__await__") and hasattr(result, "send"):
            self.start(result, self.hooks[number])
            return {"coroutine": 1}
        return hook_form(result, reply)

    def takes_time(self, function):
        """Whether OnTimer takes the time: in scripts from before 2015 it does not."""
        if self.timer_code is None or self.timer_code[0] is not function:
            self.timer_code = (function, accepts_argument(function))
        return self.timer_code[1]

    def do_call(self, name, args):
        function = self.namespace.get(name, self)
        if function is self:
            return {"missing": 1}
        if not callable(function):
            return {"uncallable": type_name(function)}
        arguments = []
        for index, form in enumerate(args, 1):
            try:
                arguments.append(value_of(form))
            except Refused as reason:
                return {"unread": f"argument {index} is no JSON: {reason}"}
        result = function(*arguments)
        if hasattr(result, "__await__") and hasattr(result, "send"):
            result = self.complete(result)
        try:
            return {"result": form_of(result, self.is_native)}
        except Refused as reason:
            return {"refused": str(reason), "is": type_name(result)}

    def do_nicks(self, attributes):
        for name, value in attributes:
            setattr(self.vh, name, value)

    def do_shutdown(self):
        flush()
        os._exit(0)

    def do_jobs(self):
        self.run_jobs()

    def do_unload(self):
        function = self.namespace.get("UnLoad")
        if callable(function):
            function()

    def do_leave(self):
        self.run_unload_callbacks()
        self.fail_jobs()
        return self.kept_state()

    def kept_state(self):
        """vh.state as JSON text, and what is wrong with the rest."""
        state, kept, wrong = getattr(self.vh, "state", None), {}, []
        if not isinstance(state, dict):
            return {"why": f"it is a value of type {type_name(state)}, not a dict"}
        for name, value in list(state.items()):
            try:
                json_text(value)
            except Refused as reason:
                wrong.append([clean(repr(name)), str(reason)])
                continue
            if isinstance(name, str):
                kept[name] = value
            else:
                wrong.append([clean(repr(name)), "its name is no str"])
        return {"text": json_text(kept), "wrong": wrong}

    # The end of the process, as Python itself ends

    def own_threads(self):
        """Threads that are not the script's."""
        return MAIN, self.reader

    def owns(self, thread):
        return True

    def take_current_loops(self):
        """The one that the script has made asyncio's on the main thread."""
        policy = getattr(loaded("asyncio.events"), "_event_loop_policy", None)
        return (getattr(getattr(policy, "_local", None), "_loop", None),)

    def thread_ids(self):
        ids = {thread.ident for thread in self.threads()} | set(sys._current_frames())
        return ids.difference(self.own_threads())

    def do_threads(self):
        return len(self.thread_ids())

    def do_ask_to_stop(self, hurry):
        return self.ask_to_stop(hurry)

    def do_patient(self):
        return self.patient()

    def do_send_exit(self):
        from ctypes import c_ulong, py_object, pythonapi

        for thread in self.thread_ids():
            pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread), py_object(SystemExit))
        self.wake_waiters()

    def do_close_loop(self):
        self.close_loop()

    def do_exit(self):
        import atexit

        atexit._run_exitfuncs()
        self.is_gone = True

    def do_finalize(self):
        self.namespace, self.vh = {}, None
        end_module([sys.modules["__main__"]])

    def do_turn(self):
        self.turn()

    def new_log_handler(self, level):
        import logging

        class LogHandler(logging.Handler):
            def emit(self, record):
                try:
                    script.vh.log(self.format(record), record.levelno)
                except Exception:
                    self.handleError(record)

        return LogHandler(level)


def hook_form(value, reply):
    """What stands on the wire for the result of a hook; `reply` says what else than numbers it knows."""
    if value is None:
        return 1
    if isinstance(value, int):
        return int(value) if value in INT64 else unusable(value)
    try:
        if isinstance(value, str):
            return {"p": [None, form_of(value)]} if reply == "chat" else unusable(value)
        if isinstance(value, tuple):
            if len(value) == 2 and isinstance(value[1], int):
                return {"p": [text_or_none(value[0]), form_of(value[1])]}
            if len(value) == {"chat": 2, "my_info": 5}.get(reply):
                return {"p": [text_or_none(item) for item in value]}
    except Refused:
        pass
    return unusable(value)


def text_or_none(value):
    if value is not None and not isinstance(value, str):
        raise Refused("it is no text")
    return form_of(value)


def unusable(value):
    return {"x": type_name(value)}


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # Something of the script's own, or nothing.


def stack_of_main():
    frame, places = sys._current_frames().get(MAIN), []
    while frame is not None:
        # Not what has started this module.
        if "first" not in frame.f_globals:
            places.append((frame, frame.f_lineno))
        frame = frame.f_back
    return clean(describe_stack(places)) or "  (it is in no Python code)"


script = Script()


def main():
    import signal

    wire.move()
    sys.stdout = sys.__stdout__ = Output(1).stream
    sys.stderr = sys.__stderr__ = Output(2).stream
    signal.signal(signal.SIGINT, script.interrupted)
    tell_uncaught()
    wire.open(b'{"id":0,"status":"success","result":{}}\0')
    start_new_thread(script.read, ())
    script.serve()
