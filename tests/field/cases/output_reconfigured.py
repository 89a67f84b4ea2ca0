# What a script sets of its output is not what the next one finds.
# field: second = bystander.py
# field: prints = ^before$
import sys

found = [
    (file.encoding.lower(), file.errors, file.line_buffering) for file in (sys.stdout, sys.stderr)
]
print("before")
sys.stdout.reconfigure(encoding="ascii", errors="replace", line_buffering=False)
sys.stderr.reconfigure(encoding="latin-1", errors="strict", line_buffering=False)
first = sys.modules.setdefault("field_output", type(sys)("field_output")).__dict__
first.setdefault("found", found)


def check():
    now = (sys.stdout.encoding, sys.stderr.encoding)
    if now != ("ascii", "latin-1"):
        return f"not set: {now}"
    return "ok" if found == first["found"] and found[0][0] == "utf-8" else f"{found}"
