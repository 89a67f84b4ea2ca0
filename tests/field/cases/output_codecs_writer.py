# The same in the way of Python 2.
# field: prints = ^\u0436 by codecs$
import codecs
import sys

sys.stdout = codecs.getwriter("utf-8")(sys.stdout.buffer)


def check():
    print("\u0436 by codecs")
    sys.stdout.flush()
    return "ok"
