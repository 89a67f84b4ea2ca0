# Output that is redirected for good.
# field: second = bystander.py
# field: prints = ^told$
import contextlib
import io
import sys

print("told")
caught = io.StringIO()
redirection = contextlib.redirect_stdout(caught)
redirection.__enter__()
print("caught")


def check():
    return "ok" if caught.getvalue() == "caught\n" and sys.stdout is caught else "not caught"
