# cython: language_level=3
"""Keeps what it took from another module, and its own class, in variables of C."""
import json

cdef object dumps = json.dumps
cdef object kind = None


cdef class Kept:
    cdef public object value

    def __init__(self, value):
        self.value = value


kind = Kept


def text_of(value):
    """JSON of a value that went through the class."""
    kept = kind(value)
    if not isinstance(kept, Kept):
        raise TypeError("the class of another interpreter")
    return dumps(kept.value)
