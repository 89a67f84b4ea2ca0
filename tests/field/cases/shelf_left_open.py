# A shelf that is not closed writes what it has when the script goes.
import shelve

import vh

loads = vh.state["loads"] = vh.state.get("loads", 0) + 1
shelf = shelve.open(f"{__file__[:-3]}.shelf", writeback=True)
kept = list(shelf.get("loads", []))
shelf.setdefault("loads", []).append(loads)


def check():
    return "ok" if kept == list(range(1, loads)) else f"{kept} before load {loads}"
