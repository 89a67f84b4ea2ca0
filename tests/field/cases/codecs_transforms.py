# Codecs from bytes to bytes and from text to text.
import codecs


def check():
    for name in ("base64", "hex", "quopri", "uu", "zlib", "bz2"):
        if codecs.decode(codecs.encode(b"data", name), name) != b"data":
            return name
    return "ok" if codecs.encode("field", "rot13") == "svryq" else "rot13"
