# A script's own error handler is the one of this load.
import codecs

NAME = f"field_{__file__.rpartition('/')[2][:-3]}"
loaded = []


def handler(error):
    loaded.append(error.object)
    return "*", error.end


codecs.register_error(NAME, handler)


def check():
    loaded.clear()
    encoded = "a\u0436".encode("ascii", NAME)
    return "ok" if encoded == b"a*" and loaded == ["a\u0436"] else f"{encoded} {loaded}"
