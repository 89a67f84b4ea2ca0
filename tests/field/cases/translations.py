# Catalogues of `gettext` from a file beside the script.
import gettext
import os
import struct


def catalogue(pairs):
    """The content of a .mo file."""
    keys = sorted(pairs)
    originals, translated, texts = b"", b"", b""
    offset = 28 + 16 * len(keys)
    for table in (keys, [pairs[key] for key in keys]):
        rows = b""
        for text in table:
            rows += struct.pack("<II", len(text), offset + len(texts))
            texts += text + b"\0"
        originals, translated = translated, rows
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, offset)
    return head + originals + translated + texts


HEADER = b"Content-Type: text/plain; charset=koi8-r\n"
folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ru", "LC_MESSAGES")
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "field.mo"), "wb") as file:
    file.write(catalogue({b"": HEADER, b"yes": "\u0434\u0430".encode("koi8-r")}))
translation = gettext.translation("field", os.path.dirname(os.path.dirname(folder)), ["ru"])


def check():
    _ = translation.gettext
    return "ok" if (_("yes"), _("no")) == ("\u0434\u0430", "no") else _("yes")
