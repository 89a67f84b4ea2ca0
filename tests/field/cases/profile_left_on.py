# A profiler that is not switched off does not hinder that of the next load.
# field: without = own-gil 3.12
# field: second = bystander.py
import cProfile
import sys

profile = cProfile.Profile()
profile.enable()
free = True
if hasattr(sys, "monitoring"):
    try:
        sys.monitoring.use_tool_id(3, "field")
    except ValueError:
        free = False


def check():
    profile.disable()
    rows = profile.getstats()
    profile.enable()
    if not free:
        return "the tool of the load before"
    return "ok" if rows else "nothing was profiled"
