# Expressions with flags, names, and the cache of the module.
import re
import string

pattern = re.compile(r"(?P<nick>\w+)\s+(?P<text>.*)", re.IGNORECASE | re.DOTALL)


class Shout(string.Template):
    delimiter = "!"


def check():
    found = pattern.fullmatch("nick \u0436\n")
    if not isinstance(found, re.Match) or found["text"] != "\u0436\n":
        return "match"
    for number in range(600):  # More than the cache holds.
        if not re.match(f"a{{{number + 1}}}$", "a" * (number + 1)):
            return str(number)
    try:
        re.compile("(")
    except re.error as error:
        if error.pos != 0:
            return "position"
    flags = re.compile("x", re.I).flags & re.RegexFlag.IGNORECASE
    if type(re.I) is not re.RegexFlag or not flags:
        return "flags"
    return "ok" if Shout("!a").substitute(a="x") == "x" else "template"
