# A script that closes or detaches its output harms itself alone.
# field: second = bystander.py
# field: prints = ^at load$
import sys

print("at load", flush=True)
print("at load", file=sys.stderr, flush=True)
sys.stdout.detach()
sys.stderr.close()


def check():
    return "ok"
