# `importlib.reload` of modules of the standard library.
import importlib
import json
import json.decoder
import string
import textwrap

importlib.reload(json.decoder)
importlib.reload(json)
importlib.reload(textwrap)


def check():
    importlib.reload(string)
    try:
        json.loads("[")
    except json.JSONDecodeError:
        return "ok" if textwrap.dedent("  x") == "x" else "textwrap"
    return "no error"
