# The character sets of hubs, each of which is a module and is kept in the interpreter's cache.
NAMES = "cp1251 cp1252 cp866 koi8-r koi8-u iso8859-2 iso8859-5 latin-1 mac-cyrillic ascii charmap"


def check():
    for name in NAMES.split():
        text = "bell" if name in ("ascii", "charmap") else "\xab" if "1252" in name else "\xa7"
        if name in ("cp1251", "cp866", "koi8-r", "koi8-u", "iso8859-5", "mac-cyrillic"):
            text = "\u0436"
        if text.encode(name).decode(name) != text:
            return name
    try:
        "\u4e2d".encode("cp1251")
    except UnicodeEncodeError as error:
        return "ok" if error.encoding in ("charmap", "cp1251") else error.encoding
    return "no error"
