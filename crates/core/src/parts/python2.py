"""Telling by an error that a script was written for Python 2."""

PYTHON_2 = (
    'It looks like a script for Python 2: docs/python2.md, "Coming from Python 2", says what to '
    "change.\n"
)

# Names, modules and attributes that went, with what the attributes belonged to where that matters.
PYTHON_2_NAMES = frozenset(
    """apply basestring buffer cmp coerce execfile file intern long raw_input reduce reload unichr
    unicode xrange""".split()
)
PYTHON_2_MODULES = frozenset(
    """BaseHTTPServer CGIHTTPServer ConfigParser Cookie HTMLParser Queue SimpleHTTPServer
    SocketServer StringIO Tkinter UserDict __builtin__ anydbm cPickle cStringIO commands cookielib
    copy_reg dummy_thread htmlentitydefs httplib md5 robotparser sets sha thread urllib2 urlparse
    xmlrpclib""".split()
)
PYTHON_2_ATTRIBUTES = frozenset(
    """has_key iteritems iterkeys itervalues maxint setdefaultencoding getcwdu izip imap ifilter
    str.decode generator.next string.join string.letters string.lower string.lowercase
    string.maketrans string.replace string.split string.strip string.upper string.uppercase
    urllib.quote urllib.unquote urllib.urlencode urllib.urlopen""".split()
)


def advice_on(exception):
    """What to say of an exception beside its traceback; empty when that is nothing."""
    try:
        return PYTHON_2 if is_of_python_2(exception) else ""
    except Exception:
        return ""  # An exception of a kind of its own, with whatever in the place of its text.


def is_of_python_2(exception):
    text = str(exception)
    if isinstance(exception, SyntaxError):
        return isinstance(exception, TabError) or is_statement_of_python_2(exception)
    quoted = text.split("'")[1::2]
    if isinstance(exception, ModuleNotFoundError):
        return exception.name in PYTHON_2_MODULES
    if isinstance(exception, NameError):
        return quoted[:1] != [] and quoted[0] in PYTHON_2_NAMES
    if isinstance(exception, AttributeError):
        owner, name = quoted[:2]
    elif isinstance(exception, ImportError):
        name, owner = quoted[:2]
    else:
        return "print(<message>, file=" in text or ("'cmp'" in text and "keyword" in text)
    return name in PYTHON_2_ATTRIBUTES or f"{owner}.{name}" in PYTHON_2_ATTRIBUTES


def is_statement_of_python_2(error):
    line = (error.text or "").strip()
    words = line.split(None, 1)
    first, rest = words[0] if words else "", words[1] if words[1:] else ""
    return (
        (error.msg or "").startswith(("Missing parentheses in call to", "leading zeros in decimal"))
        or (first in ("print", "exec") and rest[:1] not in ("", "(", "="))
        or (first in ("except", "raise") and "," in rest and "(" not in rest.split(",")[0])
        or (first == "def" and "((" in rest)
        or "`" in line
        or "<>" in line
        or 'ur"' in line
        or "ur'" in line
        or has_long_number(line)
    )


def has_long_number(line):
    """A number such as 10L."""
    return any(
        letter in "lL" and before.isdigit() and not (after.isalnum() or after == "_")
        for before, letter, after in zip(line, line[1:], line[2:] + " ")
    )
