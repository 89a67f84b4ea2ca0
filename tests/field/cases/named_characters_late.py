# The first character by its name comes in a call, after another script that used some has gone.
# field: second = unicode_data.py
import sys

at_load = "unicodedata" in sys.modules


def check():
    text = eval(r'"\N{CYRILLIC SMALL LETTER ZHE}\N{BULLET}"')
    return "ok" if text == "\u0436\u2022" else f"{at_load} {text!r}"
