# Encodings of Unicode that are modules in Python.
NAMES = "utf-8-sig utf-7 utf-16 utf-16-be utf-32 utf-32-le unicode_escape raw_unicode_escape"


def check():
    for name in NAMES.split():
        if "\u0436x".encode(name).decode(name) != "\u0436x":
            return name
    return "ok"
