# `sys.__stdout__` is there, and works when `sys.stdout` was replaced.
# field: prints = ^original$
import io
import sys

sys.stdout = io.StringIO()


def check():
    sys.__stdout__.write("original\n")
    sys.__stdout__.flush()
    print("kept")
    return "ok" if sys.stdout.getvalue().startswith("kept") else "another"
