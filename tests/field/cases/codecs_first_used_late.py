# field: second = codecs_single_byte.py
# The first use of a codec is in a call, not while the script is loaded.
import sys

seen = []


def check():
    seen.append("\u0436".encode("cp1251") + "\xa7".encode("iso8859-15"))
    return "ok" if seen[-1] == b"\xe6\xa7" and "codecs" in sys.modules else repr(seen)
