# A script without output, as under a service manager.
# field: second = bystander.py
import sys

had = sys.stdout is not None and sys.stderr is not None and sys.stdin is not None
sys.stdout = sys.stderr = sys.stdin = None


def check():
    print("to nobody")
    return "ok" if had else "the load before took the output away"
