# `unicodedata`, which C code of the interpreter itself keeps pointers into.
import stringprep
import unicodedata


def check():
    if unicodedata.lookup("CYRILLIC SMALL LETTER ZHE") != "\u0436":
        return "lookup"
    if unicodedata.normalize("NFKD", "\u00e9") != "e\u0301":
        return "normalize"
    if unicodedata.ucd_3_2_0.name("\u0436") != "CYRILLIC SMALL LETTER ZHE":
        return "ucd_3_2_0"
    if not stringprep.in_table_a1("\u0221"):
        return "stringprep"
    # The decoder and the error handler have pointers of their own.
    named = rb"\N{CYRILLIC SMALL LETTER ZHE}"
    decoded, encoded = named.decode("unicode_escape"), "\u0436".encode("ascii", "namereplace")
    return "ok" if decoded == "\u0436" and encoded == named else f"{decoded} {encoded}"
