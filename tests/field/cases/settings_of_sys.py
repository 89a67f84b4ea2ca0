# What a script sets in `sys` goes with it.
# field: second = bystander.py
import sys

NAMES = "displayhook excepthook unraisablehook breakpointhook"
found = [name for name in NAMES.split() if getattr(sys, name) is not getattr(sys, f"__{name}__")]
numbers = (sys.getrecursionlimit(), sys.getswitchinterval(), sys.flags.dev_mode)
if numbers[0] == 777:
    found.append("recursionlimit")
if numbers[1] == 0.25:
    found.append("switchinterval")
if getattr(sys, "ps1", None) == "field":
    found.append("ps1")
if sys.getprofile() or sys.gettrace():
    found.append("profile or trace")
if sys.get_asyncgen_hooks().finalizer or sys.get_coroutine_origin_tracking_depth():
    found.append("hooks of asynchronous generators")
if hasattr(sys, "get_int_max_str_digits") and sys.get_int_max_str_digits() == 999:
    found.append("int_max_str_digits")


def ours(*arguments):
    return None


for name in NAMES.split():
    setattr(sys, name, ours)
sys.setrecursionlimit(777)
sys.setswitchinterval(0.25)
sys.ps1 = "field"
sys.set_asyncgen_hooks(finalizer=ours)
sys.set_coroutine_origin_tracking_depth(2)
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(999)


def check():
    return ", ".join(found) or "ok"
