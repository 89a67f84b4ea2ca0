# Types of files that a script adds.
import mimetypes

before = mimetypes.guess_type("x.field")[0]
mimetypes.add_type("text/x-field", ".field")


def check():
    known = mimetypes.guess_type("a.html")[0], mimetypes.guess_type("x.field")[0]
    return "ok" if known == ("text/html", "text/x-field") else repr(known)
