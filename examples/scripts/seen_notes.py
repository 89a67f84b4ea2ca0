"""Seen and notes: when somebody was here last, and notes for people who are away.

Commands:
  +seen NICK         when NICK was online last
  +note NICK TEXT    NICK reads TEXT at the next login
The data lives in the hub's database, in the tables script_seen and script_notes.
"""

from __future__ import annotations

import time

import vh

NOTE_LENGTH = 500  # characters
NOTES_PER_SENDER = 10  # that wait to be read
KEEP_NOTES = 90 * 86400  # seconds
CLEAN_EVERY = 3600

TABLES = (
    "CREATE TABLE IF NOT EXISTS script_seen ("
    "nick VARCHAR(128) NOT NULL PRIMARY KEY, shown VARCHAR(128) NOT NULL, seen BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS script_notes ("
    "nick VARCHAR(128) NOT NULL, sender VARCHAR(128) NOT NULL, sent BIGINT NOT NULL, "
    "note VARCHAR(2000) NOT NULL)",
)

next_cleaning = 0.0


def sql(query: str, params: tuple[str | int, ...] = (), limit: int = 100) -> list[list[str | None]]:
    """The rows of a query. A failure is an error here, so that it shows in the log."""
    succeeded, rows = vh.SQL(query, params, limit)
    if not succeeded:
        raise RuntimeError(f"the database refused: {query}")
    return rows


def key(nick: str) -> str:
    """People do not remember how a nick is capitalised, so it is looked up without case."""
    return nick.lower()


def ago(timestamp: str | None) -> str:
    minutes = max(0, int(time.time()) - int(timestamp or 0)) // 60
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        count = minutes // size
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def mark_seen(nick: str) -> None:
    sql(
        "REPLACE INTO script_seen (nick, shown, seen) VALUES (?, ?, ?)",
        (key(nick), nick, int(time.time())),
    )


def seen(nick: str) -> str:
    if not nick:
        return "Use: +seen NICK"
    if nick.lower() in (online.lower() for online in vh.GetNickList()):
        return f"{nick} is online right now."
    rows = sql("SELECT shown, seen FROM script_seen WHERE nick = ?", (key(nick),))
    if not rows:
        return f"{nick} has not been seen here."
    shown, timestamp = rows[0]
    return f"{shown} was here {ago(timestamp)}."


def note(sender: str, arguments: str) -> str:
    nick, _, text = arguments.partition(" ")
    text = text.strip()
    if not (nick and text):
        return "Use: +note NICK TEXT"
    if len(text) > NOTE_LENGTH:
        return f"Your note has {len(text)} characters, {NOTE_LENGTH} are the most."
    waiting = sql("SELECT COUNT(*) FROM script_notes WHERE sender = ?", (sender,))
    if int(waiting[0][0] or 0) >= NOTES_PER_SENDER:
        return f"{NOTES_PER_SENDER} of your notes still wait to be read; that is the most."
    sql(
        "INSERT INTO script_notes (nick, sender, sent, note) VALUES (?, ?, ?, ?)",
        (key(nick), sender, int(time.time()), text),
    )
    return f"{nick} will read your note at the next login."


def deliver_notes(nick: str) -> None:
    query = "SELECT sender, sent, note FROM script_notes WHERE nick = ? ORDER BY sent"
    rows = sql(query, (key(nick),), 1000)
    for sender, sent, text in rows:
        vh.pm(f"Note from {sender}, {ago(sent)}: {text}", nick)
    if rows:
        sql("DELETE FROM script_notes WHERE nick = ?", (key(nick),))


def OnUserLogin(nick: str) -> int:
    mark_seen(nick)
    deliver_notes(nick)
    return 1


def OnUserLogout(nick: str) -> int:
    mark_seen(nick)
    return 1


def OnUserCommand(nick: str, command: str) -> int:
    name, _, arguments = command[1:].partition(" ")
    name, arguments = name.lower(), arguments.strip()
    if name == "seen":
        vh.usermc(seen(arguments), nick)
    elif name == "note":
        vh.usermc(note(nick, arguments), nick)
    else:
        return 1
    return 0


OnOperatorCommand = OnUserCommand


def OnTimer(now: float) -> int:
    global next_cleaning
    if now >= next_cleaning:
        next_cleaning = now + CLEAN_EVERY
        sql("DELETE FROM script_notes WHERE sent < ?", (int(now) - KEEP_NOTES,))
    return 1


vh.name_and_version("Seen and notes", "1.0")
for table in TABLES:
    sql(table)
