# vh.state may be a frozendict, no dict from Python 3.15 on; the log would say what is not kept.
import builtins

import vh

frozendict = getattr(builtins, "frozendict", dict)
found = vh.state
vh.state = frozendict(kept=frozendict(a=[1]), loads=found.get("loads", 0) + 1)


def check():
    kept = vh.state["loads"] == 1 or found == {"kept": {"a": [1]}, "loads": vh.state["loads"] - 1}
    return "ok" if kept else repr(found)
