# The collector is as a new script expects it.
# field: second = bystander.py
import gc

found = []
if not gc.isenabled():
    found.append("disabled")
if gc.get_threshold()[0] == 12345:
    found.append("threshold")
if gc.get_debug():
    found.append("debug")
if any("collected" in repr(callback) for callback in gc.callbacks):
    found.append("callbacks")
if gc.garbage:
    found.append("garbage")
told = []


def collected(phase, info):
    told.append(phase)


gc.callbacks.append(collected)
gc.set_threshold(12345)
gc.set_debug(gc.DEBUG_SAVEALL)
gc.garbage.append(collected)
gc.disable()


def check():
    told.clear()
    gc.collect()
    return ", ".join(found) or ("ok" if told == ["start", "stop"] else repr(told))
