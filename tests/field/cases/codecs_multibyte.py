# Encodings made in C, with objects that C code keeps.
import codecs

NAMES = "gbk gb18030 big5 shift_jis euc_jp iso2022_jp euc_kr"


def check():
    for name in NAMES.split():
        text = "\ud55c" if name == "euc_kr" else "\u4e2d"
        if text.encode(name).decode(name) != text:
            return name
        decoder = codecs.getincrementaldecoder(name)()
        parts = [decoder.decode(bytes([byte])) for byte in text.encode(name)]
        if "".join(parts) + decoder.decode(b"", True) != text:
            return f"{name}, in parts"
    return "ok"
