"""Statistics of the scripts: !pystats answers operators with a table of all hooks and functions.

The busiest come first. `!pystats errors` tells what went wrong last in each instead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import vh

OPERATOR_CLASS = 3
ROWS = 20  # so many lines are enough for a chat window
LONGEST_ERROR = 200  # characters
HEAD = ("script", "call", "calls", "errors", "timeouts", "mean", "p99", "max", "total")


def duration(seconds: float) -> str:
    """A time with a unit that fits."""
    for unit, size in (("s", 1), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 1e-6:.1f} us"


def one_line(text: str) -> str:
    """The text of an error, which users may have chosen: behind a line break it could go on like
    somebody else's message."""
    return "".join(c if c.isprintable() else " " for c in text[:LONGEST_ERROR])


def calls() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(script, row) of everything that was called, what took most time first."""
    found = [(script, row) for script in vh.stats()["scripts"] for row in script["calls"]]
    return sorted(found, key=lambda pair: pair[1]["total"], reverse=True)


def cells(script: dict[str, Any], row: dict[str, Any]) -> list[str]:
    mean = row["total"] / max(row["calls"], 1)
    counts = [str(row[name]) for name in ("calls", "errors", "timeouts")]
    times = [duration(value) for value in (mean, row["p99"], row["max"], row["total"])]
    return [f"{script['id']}:{script['name']}", row["name"], *counts, *times]


def aligned(rows: list[Sequence[str]]) -> Iterator[str]:
    """Rows of texts as lines; names on the left, numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        parts = [
            text.ljust(width) if column < 2 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths))
        ]
        yield "  ".join(parts).rstrip()


def table() -> str:
    rows = [cells(script, row) for script, row in calls()]
    lines = list(aligned([HEAD, *rows[:ROWS]]))
    if len(rows) > ROWS:
        lines.append(f"... and {len(rows) - ROWS} more")
    return "\r\n".join(lines)


def errors() -> str:
    failed = [(script, row) for script, row in calls() if row["last_error"]]
    if not failed:
        return "No script has failed."
    lines = []
    for script, row in sorted(failed, key=lambda pair: -pair[1]["last_error"]["time"]):
        error = row["last_error"]
        ago = duration(max(time.time() - error["time"], 0))
        lines.append(f"{script['name']} {row['name']}, {ago} ago: {one_line(error['text'])}")
    return "\r\n".join(lines[:ROWS])


def OnOperatorCommand(nick: str, command: str) -> int:
    name, _, argument = command[1:].partition(" ")
    if name.lower() != "pystats" or (vh.GetUserClass(nick) or 0) < OPERATOR_CLASS:
        return 1
    answer = errors() if argument.strip().lower() == "errors" else table()
    vh.usermc(vh.encode(f"Statistics of the scripts:\r\n{answer}"), nick)
    return 0


vh.name_and_version("Script statistics", "1.0")
