# `faulthandler` keeps the file that it writes to.
# field: runtimes = sub main
# field: second = bystander.py
import faulthandler
import os

file = open(os.devnull, "w")
faulthandler.enable(file)


def check():
    faulthandler.dump_traceback(file)
    return "ok" if faulthandler.is_enabled() else "not enabled"
