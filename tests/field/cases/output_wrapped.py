# Scripts for Windows wrap `sys.stdout` so that it writes UTF-8; the wrapper closes what is inside when
# it goes.
# field: prints = ^\u0436 wrapped$
# field: prints = ^\u0436 errors$
import io
import sys

sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="utf-8", line_buffering=True)


def check():
    print("\u0436 wrapped")
    print("\u0436 errors", file=sys.stderr)
    return "ok"
