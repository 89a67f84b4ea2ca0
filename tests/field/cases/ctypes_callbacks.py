# Structures, pointers, and Python functions that C calls.
# field: without = own-gil 3.12
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


class Pair(ctypes.Structure):
    _fields_ = [("key", ctypes.c_int), ("value", ctypes.c_double)]


Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Pair), ctypes.POINTER(Pair))
compare = Compare(lambda a, b: a.contents.key - b.contents.key)


def check():
    pairs = (Pair * 3)(Pair(3, 0.3), Pair(1, 0.1), Pair(2, 0.2))
    libc.qsort(pairs, 3, ctypes.sizeof(Pair), compare)
    keys = [pair.key for pair in pairs]
    if keys != [1, 2, 3]:
        return repr(keys)
    text = ctypes.create_string_buffer(16)
    libc.snprintf(text, ctypes.c_size_t(16), b"%d", 42)
    try:
        ctypes.cast(1, int)
    except (TypeError, ctypes.ArgumentError):
        return "ok" if text.value == b"42" else repr(text.value)
    return "no error"
