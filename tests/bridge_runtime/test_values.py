"""Values that cross, exactly; values that cannot, which are an error on that call."""

import math
import unittest

from support import BridgeTest

BEFORE = """
import collections, datetime, decimal, enum, fractions, math, operator, pathlib, types

class Number(enum.IntEnum):
    TWO = 2

class Word(str, enum.Enum):
    YES = "yes"

class Plain(enum.Enum):
    A = 1

class Index:
    def __index__(self):
        return 7

class Scalar:
    '''As those of numpy: `item` gives what it is.'''
    def __init__(self, value, kind="i"):
        self.value = value
        self.dtype = types.SimpleNamespace(kind=kind)
    def item(self):
        return self.value
    def __index__(self):
        return 99

class Array(Scalar):
    def __len__(self):
        return 1

class Angry:
    def __index__(self):
        raise ZeroDivisionError
    def __repr__(self):
        raise ZeroDivisionError
    __hash__ = object.__hash__

class Text(str):
    pass

Point = collections.namedtuple("Point", "x y")

def nested(depth, kind=list):
    value = []
    for _ in range(depth - 1):
        value = {"a": value} if kind is dict else kind([value])
    return value

def cycle():
    value = {"list": [1]}
    value["list"].append(value)
    return value

def twice():
    value = []
    value.extend([value, value])
    return value

def shared(depth):
    value = ["end"]
    for _ in range(depth):
        value = [value, value]
    return value

def in_map(kind):
    value = kind()
    value["b"] = 1
    return value
"""
BODY = """
def echo(self, data):
    return data
def kind(self, data):
    return type(data).__name__
def make(self, text):
    return eval(text)
def send(self, text):
    self.send_event("made", eval(text))
"""


class Values(BridgeTest):
    PRELUDE = ""

    def setUp(self):
        super().setUp()
        self.host = self.backend(BODY, before=BEFORE, prelude=self.PRELUDE)

    def make(self, text):
        return self.host.call("make", text=text)

    def test_what_comes_back_as_it_went(self):
        for value in [
            *(None, True, False, 0, -1, 2**53 + 1, -(2**63), 2**64, 1.5, -0.0, 1e300, 5e-324, 0.1),
            *("", "ä€😀", "\0\x01\x1f\x7f\u2028", "a" * 200_000, [], {}, [[]], {"": {"": [None]}}),
            *(
                [1, 1.0, True, "1"],
                {"a": [1.5, {"b": -2.5}]},
                {"$bytes": 1},
                {"$bytes": "x", "a": 1},
            ),
        ]:
            result = self.host.call("echo", data=value)
            self.assertEqual(repr(result), repr(value))

    def test_integers_of_any_size_are_digits(self):
        for digits in (19, 4300, 4301, 20_000):
            text = b"-" + b"9" * digits
            self.host.write(b'{"id":1,"cmd":"echo","params":{"data":[%b]}}\n' % text)
            self.assertEqual(
                self.host.read_frame(), b'{"id":1,"status":"success","result":[%b]}' % text
            )
        # Python's own limit stays as it is.
        if hasattr(__import__("sys"), "get_int_max_str_digits"):
            self.assertEqual(self.make("sys.get_int_max_str_digits()"), 4300)

    def test_bytes(self):
        encoded = {"$bytes": "AP+A4oKs"}
        self.assertEqual(self.host.call("kind", data=encoded), "bytes")
        self.assertEqual(self.host.call("echo", data=[encoded]), [encoded])
        for text in (
            "b'\\0\\xff\\x80\\xe2\\x82\\xac'",
            "bytearray(b'\\0\\xff\\x80\\xe2\\x82\\xac')",
        ):
            self.assertEqual(self.make(text), encoded)
            self.assertEqual(self.make(f"[memoryview({text})[::1]]"), [encoded])
        self.assertEqual(self.make("b''"), {"$bytes": ""})
        for text in ("A", "AA=", "AB==", "AA==\n", "AA====", "A A==", "ä", "=AA=", "AA-_"):
            frame = self.host.call("echo", data={"$bytes": text})
            self.assert_error(frame, "invalid", "base64")
        escaped = b'{"id":1,"cmd":"kind","params":{"data":{"\\u0024byte\\u0073":"AA=="}}}\n'
        self.host.write(escaped)
        self.assertEqual(self.host.frame()["result"], "bytes")

    def test_what_counts_as_a_value(self):
        for text, value in [
            ("(1, (2,), [3])", [1, [2], [3]]),
            ("Point(1, 2)", [1, 2]),
            ("collections.OrderedDict(b=1, a=2)", {"b": 1, "a": 2}),
            ("[in_map(collections.OrderedDict)]", [{"b": 1}]),
            ("{'x': collections.defaultdict(list, a=[1])}", {"x": {"a": [1]}}),
            ("Number.TWO", 2),
            ("[Word.YES, Text('t')]", ["yes", "t"]),
            ("{Text('t'): 1, Word.YES: 2}", {"t": 1, "yes": 2}),
            ("Index()", 7),
            (
                "[Scalar(3), Scalar(1.5), Scalar('t'), Scalar(True), Scalar(None)]",
                [3, 1.5, "t", True, None],
            ),
            ("10 ** 30", 10**30),
        ]:
            result = self.make(text)
            self.assertEqual(repr(result), repr(value), text)

    def test_what_has_no_json_form_is_named_with_its_place(self):
        for text, fault in [
            ("{1, 2}", "result is a set"),
            ("{'a': [0, 1, {2}]}", 'result["a"][2] is a set'),
            ("[{'a b': frozenset()}]", 'result[0]["a b"] is a frozenset'),
            ("object()", "result is an object"),
            ("[Angry()]", "result[0] is an Angry"),
            ("{'x': decimal.Decimal(1)}", 'result["x"] is a decimal.Decimal'),
            ("fractions.Fraction(1, 2)", "result is a fractions.Fraction"),
            ("[datetime.date(2026, 1, 1)]", "result[0] is a datetime.date"),
            ("pathlib.PurePosixPath('/')", "result is a pathlib"),
            ("1j", "result is a complex"),
            ("Plain.A", "result is a Plain"),
            ("len", "result is a builtin_function_or_method"),
            ("iter([1])", "result is a list_iterator"),
            ("[x for x in [range(3)]]", "result[0] is a range"),
            ("types.MappingProxyType({})", "result is a mappingproxy"),
            ("{}.keys()", "result is a dict_keys"),
            ("(x for x in ())", "result is a generator"),
            ("Array(1)", "result is an Array"),
            ("Scalar(5, 'M')", "result is a Scalar"),
            ("Scalar([5])", "result is a Scalar"),
            ("[Scalar(1j)]", "result[0] is a Scalar"),
            ("float('nan')", "result is nan"),
            ("[float('inf')]", "result[0] is inf"),
            ("{'a': (1, -math.inf)}", 'result["a"][1] is -inf'),
            ("[Scalar(math.nan)]", "result[0] is nan"),
            ("'\\ud800'", "result has a lone surrogate"),
            ("['ab\\udc80']", "result[0] has a lone surrogate, at character 3"),
            ("{'\\ud800': 1}", "a key of result has a lone surrogate"),
        ]:
            frame = self.make(text)
            self.assert_error(frame, "invalid", fault)
            self.assertEqual((frame["traceback"], frame["type"]), ("", "BridgeError"))
        self.assertEqual(self.make("1"), 1)

    def test_keys_that_are_no_text(self):
        for text, fault in [
            ("{1: 2}", "result has a key that is no text but an int: 1"),
            ("{'a': {1.5: 2}}", 'result["a"] has a key that is no text but a float: 1.5'),
            ("[{None: 2}]", "result[0] has a key that is no text but a NoneType: None"),
            ("[[{True: 2}]]", "result[0][0] has a key that is no text but a bool: True"),
            ("{(1,): 2}", "a tuple: (1,)"),
            ("{Number.TWO: 2}", "a Number"),
            ("{b'x': 1}", "a bytes: b'x'"),
            ("{'a': 1, 2: {}}", "an int: 2"),
            (
                "[{'x': {}}, {'y': {3: 4}}]",
                'result[1]["y"] has a key that is no text but an int: 3',
            ),
            (
                "[collections.OrderedDict({5: 1})]",
                "result[0] has a key that is no text but an int: 5",
            ),
            ("{'a': [collections.OrderedDict({5: 1}), {}]}", "an int: 5"),
            ("{Angry(): 1}", "an Angry"),
        ]:
            self.assert_error(self.make(text), "invalid", fault)

    def test_depth_of_128_and_no_more(self):
        for kind in ("list", "dict", "tuple"):
            value = self.make(f"nested(128, {kind})")
            for _ in range(127):
                value = value["a"] if kind == "dict" else value[0]
            self.assertEqual(value, [])
            for depth in (129, 500, 5000):
                fault = "result is nested deeper than 128 levels"
                self.assert_error(self.make(f"nested({depth}, {kind})"), "invalid", fault)
        deepest = []
        for _ in range(126):
            deepest = [deepest]
        self.assertEqual(self.host.call("echo", data=deepest), deepest)
        frame = self.host.call("echo", data=[deepest])
        self.assert_error(frame, "invalid", "params is nested deeper than 128 levels")

    def test_cycles(self):
        self.assert_error(self.make("cycle()"), "invalid", 'result["list"][1] contains itself')
        self.assert_error(self.make("twice()"), "invalid", "result[0] contains itself")
        self.assert_error(self.make("[twice()] * 2000"), "invalid", "contains itself")

    def test_same_object_twice_is_no_cycle(self):
        value = ["end"]
        for _ in range(10):
            value = [value, value]  # type: ignore[list-item]
        self.assertEqual(self.make("shared(10)"), value)
        self.assert_error(self.make("[shared(2), {1}]"), "invalid", "result[1] is a set")

    def test_events_have_the_same_rules(self):
        self.host.call("send", text="[1, b'x']")
        self.assertEqual(self.host.event("made"), [1, {"$bytes": "eA=="}])
        frame = self.host.call("send", text="{'a': {1, 2}}")
        self.assert_error(frame, "invalid", 'data["a"] is a set')
        self.assertIn("in send", frame["traceback"])
        self.assert_error(self.host.call("send", text="math.nan"), "invalid", "data is nan")

    def test_errors_that_cannot_be_written_as_they_are(self):
        frame = self.make("(_ for _ in ()).throw(ValueError('\\ud800 \\0 \\xff'))")
        self.assert_error(frame, "python", "\\ud800 \0 \xff")

    def test_floats_are_the_shortest_that_are_equal(self):
        for value in (0.1, 1 / 3, math.pi, 1e22, 123456789.123456789, 2.0**-1074):
            self.assertEqual(self.host.call("echo", data=[value]), [value])


class BadLines(BridgeTest):
    def test_lines_that_are_no_json_are_answered_and_end_nothing(self):
        host = self.backend("def echo(self, x): return x")
        for line in (b"{", b'"open', b"{a: 1}", b"nul", b"[1,]", b"{} {}", b"\xff"):
            host.write(line + b"\n")
            frame = host.frame()
            self.assertIs(frame["id"], None, line)
            self.assert_error(frame, "invalid", "the line is no JSON")
        self.assertEqual(host.call("echo", x=1), 1)


class WithoutCParts(Values):
    """The same with the package json, for a Python whose C parts are others."""

    PRELUDE = "import sys; sys.modules['_json'] = None\n"


class Numpy(BridgeTest):
    """With the real one, where it is installed; Scalar and Array above stand for it."""

    CASES = [
        ("numpy.int8(-5)", -5),
        ("numpy.uint64(2**64 - 1)", 2**64 - 1),
        ("numpy.float32(1.5)", 1.5),
        ("numpy.float64(0.1)", 0.1),
        ("numpy.bool_(True)", True),
        ("numpy.str_('ä')", "ä"),
        ("{'p': numpy.array([3, 4])[0], 'c': [numpy.array(['x'])[0]]}", {"p": 3, "c": ["x"]}),
        ("numpy.bytes_(b'x')", {"$bytes": "eA=="}),
    ]
    FAULTS = [
        ("numpy.array([1])", "result is a numpy.ndarray"),
        ("{'a': numpy.array(1)}", 'result["a"] is a numpy.ndarray'),
        ("numpy.zeros((2, 2))", "result is a numpy.ndarray"),
        ("numpy.float32('nan')", "result is nan"),
        ("[numpy.float64('inf')]", "result[0] is inf"),
        ("numpy.complex128(1)", "result is a numpy.complex128"),
        ("numpy.datetime64('2026-01-01', 'ns')", "result is a numpy.datetime64"),
        ("numpy.timedelta64(1, 'ns')", "result is a numpy.timedelta64"),
    ]

    def test_scalars_and_arrays(self):
        try:
            import numpy  # type: ignore[import-not-found]  # noqa: F401
        except ImportError:
            return  # Values stands in.
        host = self.backend(BODY, before="import numpy")
        for text, value in self.CASES:
            self.assertEqual(repr(host.call("make", text=text)), repr(value), text)
        for text, fault in self.FAULTS:
            self.assert_error(host.call("make", text=text), "invalid", fault)


if __name__ == "__main__":
    unittest.main()
