"""Seen and notes: when somebody was here last, and notes for people who are away.

Commands:
  +seen NICK         when NICK was online last
  +note NICK TEXT    NICK reads TEXT at the next login
The data lives in the hub's database, in the tables script_last_seen and script_waiting_notes.
"""
# No `on_error = refuse` here: a database that does not answer must not keep people out.

from __future__ import annotations

import hashlib
import secrets
import string
import time

import vh

NICK_LENGTH = 128  # characters
NOTE_LENGTH = 500
NOTES_PER_SENDER = 10  # that wait to be read
NOTES_PER_NICK = 30
NOTES = 5000  # nicks cost nothing, so there is an end to those of all together
KEEP_NOTES = 90 * 86400  # seconds
KEEP_SEEN = 365 * 86400
MOST_SEEN = 20000
CLEAN_EVERY = 3600

# Nicks are found by their keys, see below; beside them stands what is shown to people.
TABLES = (
    "CREATE TABLE IF NOT EXISTS script_last_seen ("
    "nick_key CHAR(64) NOT NULL PRIMARY KEY, shown VARCHAR(128) NOT NULL, seen BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS script_waiting_notes ("
    "id CHAR(32) NOT NULL PRIMARY KEY, to_key CHAR(64) NOT NULL, from_key CHAR(64) NOT NULL, "
    "sender VARCHAR(128) NOT NULL, sent BIGINT NOT NULL, note VARCHAR(2000) NOT NULL)",
)
# For hubs a nick is the same in small and capital letters from A to Z, and in no others.
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

next_cleaning = 0.0


class DatabaseError(Exception):
    """The hub's database did not do what it was asked for; the hub's log says why."""


def sql(query: str, params: tuple[str | int, ...] = (), limit: int = 100) -> list[list[str | None]]:
    """The rows of a query. Whatever users may have chosen goes into `params`."""
    succeeded, rows = vh.SQL(query, params, limit)
    if not succeeded:
        raise DatabaseError(f"the database refused: {query}")
    return rows


def number(query: str, params: tuple[str | int, ...] = ()) -> int:
    """The one number that a query tells."""
    return int(sql(query, params)[0][0] or 0)


def folded(nick: str) -> str:
    return nick.translate(LOWER)


def key(nick: str) -> str:
    """What a nick is found by: the same text for the same user only.

    The nick itself would not do. Databases take texts for equal that are not, such as `bob` and
    `b\u00f3b`, so that one could read the other's notes; they cut what is too long, and refuse
    bytes that are no text.
    """
    return hashlib.sha256(folded(nick).encode("utf-8", "surrogatepass")).hexdigest()


def one_line(text: str) -> str:
    """A text as people may read it, without what is no text in it.

    In one line: behind a line break a note could go on like a note of somebody else.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def ago(timestamp: str | None) -> str:
    minutes = max(0, int(time.time()) - int(timestamp or 0)) // 60
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        count = minutes // size
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def mark_seen(nick: str) -> None:
    sql(
        "REPLACE INTO script_last_seen (nick_key, shown, seen) VALUES (?, ?, ?)",
        (key(nick), one_line(nick)[:NICK_LENGTH], int(time.time())),
    )


def seen(nick: str) -> str:
    if not nick:
        return "Use: +seen NICK"
    if len(nick) > NICK_LENGTH:
        return "Nobody has such a long nick."
    if folded(nick) in map(folded, vh.GetNickList()):
        return f"{nick} is online right now."
    rows = sql("SELECT shown, seen FROM script_last_seen WHERE nick_key = ?", (key(nick),))
    if not rows:
        return f"{nick} has not been seen here."
    shown, timestamp = rows[0]
    return f"{shown} was here {ago(timestamp)}."


def why_no_note(sender: str, nick: str, text: str) -> str | None:
    """What to tell who wants to leave a note that cannot be; None when it can."""
    if not (nick and text):
        return "Use: +note NICK TEXT"
    if len(nick) > NICK_LENGTH:
        return "Nobody has such a long nick."
    query = "SELECT COUNT(*) FROM script_waiting_notes WHERE from_key = ?"
    if number(query, (key(sender),)) >= NOTES_PER_SENDER:
        return f"{NOTES_PER_SENDER} of your notes still wait to be read; that is the most."
    query = "SELECT COUNT(*) FROM script_waiting_notes WHERE to_key = ?"
    if number(query, (key(nick),)) >= NOTES_PER_NICK:
        return f"{NOTES_PER_NICK} notes wait for {nick} already; that is the most."
    if number("SELECT COUNT(*) FROM script_waiting_notes") >= NOTES:
        return "Too many notes wait to be read; please try again another day."
    return None


def note(sender: str, arguments: str) -> str:
    nick, _, text = arguments.partition(" ")
    # Before there is work for each character.
    if len(text) > NOTE_LENGTH:
        return f"Your note has {len(text)} characters, {NOTE_LENGTH} are the most."
    text = one_line(text)
    reason = why_no_note(sender, nick, text)
    if reason:
        return reason
    sql(
        "INSERT INTO script_waiting_notes (id, to_key, from_key, sender, sent, note) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            # In the order of time, and none twice.
            f"{time.time_ns():020}{secrets.token_hex(6)}",
            key(nick),
            key(sender),
            one_line(sender)[:NICK_LENGTH],
            int(time.time()),
            text,
        ),
    )
    return f"{nick} will read your note at the next login."


def deliver_notes(nick: str) -> None:
    query = "SELECT id, sender, sent, note FROM script_waiting_notes WHERE to_key = ? ORDER BY id"
    for note_id, sender, sent, text in sql(query, (key(nick),), NOTES_PER_NICK):
        if not vh.pm(f"Note from {sender}, {ago(sent)}: {text}", nick):
            break  # The user is gone again: the others wait for the next login.
        # Each for itself, by its id: one that came meanwhile, or was not sent, is kept.
        sql("DELETE FROM script_waiting_notes WHERE id = ?", (note_id or "",))


def OnUserLogin(nick: str) -> int:
    mark_seen(nick)
    deliver_notes(nick)
    return 1


def OnUserLogout(nick: str) -> int:
    mark_seen(nick)
    return 1


def answer(nick: str, name: str, arguments: str) -> str | None:
    """The answer to a command, or None when it is not ours."""
    if name == "seen":
        return seen(arguments)
    return note(nick, arguments) if name == "note" else None


def OnUserCommand(nick: str, command: str) -> int:
    name, _, arguments = command[1:].partition(" ")
    try:
        text = answer(nick, name.lower(), arguments.strip())
    except DatabaseError as error:
        vh.log(str(error))
        text = "The hub's database did not take it; please tell an operator."
    if text is None:
        return 1
    vh.usermc(text, nick)
    return 0


OnOperatorCommand = OnUserCommand


def forget_old(now: int) -> None:
    sql("DELETE FROM script_waiting_notes WHERE sent < ?", (now - KEEP_NOTES,))
    sql("DELETE FROM script_last_seen WHERE seen < ?", (now - KEEP_SEEN,))
    # Who was here when one too many were: of those before nobody is remembered.
    query = "SELECT seen FROM script_last_seen ORDER BY seen DESC LIMIT 1 OFFSET ?"
    for (oldest,) in sql(query, (MOST_SEEN,)):
        sql("DELETE FROM script_last_seen WHERE seen <= ?", (int(oldest or 0),))


def OnTimer(now: float) -> int:
    global next_cleaning
    if now >= next_cleaning:
        next_cleaning = now + CLEAN_EVERY
        forget_old(int(now))
    return 1


vh.name_and_version("Seen and notes", "1.0")
for table in TABLES:
    sql(table)
