# Classes that are registered with those of the library, and what C modules register themselves.
import array
import collections
import collections.abc
import io
import numbers
import sys


@collections.abc.Sequence.register
class Own:
    pass


@numbers.Number.register
class Number:
    pass


def check():
    if not isinstance(Own(), collections.abc.Sequence) or not isinstance(Number(), numbers.Number):
        return "own classes"
    if not isinstance(collections.deque(), collections.abc.MutableSequence):
        return "deque"
    if not isinstance(io.BytesIO(), io.IOBase) or not isinstance(1, numbers.Integral):
        return "io or numbers"
    # The module `array` registers its type itself since 3.10.
    if sys.version_info >= (3, 10):
        if not isinstance(array.array("b"), collections.abc.MutableSequence):
            return "array"
    return "ok" if isinstance({}, collections.abc.Mapping) else "dict"
