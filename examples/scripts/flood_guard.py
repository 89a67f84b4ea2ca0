"""Flood guard: warns, then kicks, then bans for a while who sends too many messages.

Main chat, lines for one user in it and private messages count together, in a window that slides
with time. Operators are exempt. Who behaves for FORGIVE_AFTER seconds starts with a clean record.
"""
# A flood that breaks the guard must not get through: all hooks that decide here fail closed.
# vh: on_error = refuse

from __future__ import annotations

import string
import time
from collections import deque

import vh

OPERATOR_CLASS = 3
MESSAGES = 5  # this many messages ...
WINDOW = 4.0  # ... within this many seconds are still fine
LONGEST_MESSAGE = 4000  # characters; everybody gets a copy of each
BAN_SECONDS = 600
FORGIVE_AFTER = 900
CLEAN_EVERY = 30

WARN, KICK, BAN = 1, 2, 3
# For hubs a nick is the same in small and capital letters from A to Z. In others it may be somebody
# else's, and nobody may spoil the record of somebody else.
LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Record:
    """What one user did lately."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        self.offences = 0
        # Not 0: the monotonic clock may begin there, at the start of the machine.
        self.last_offence = float("-inf")

    def is_flood(self, now: float) -> bool:
        """Counts one more message; True when it is one too many."""
        self.times.append(now)
        while self.times[0] <= now - WINDOW:
            self.times.popleft()
        return len(self.times) > MESSAGES

    def offend(self, now: float) -> int:
        """Counts one more offence and tells what it deserves."""
        if now - self.last_offence > FORGIVE_AFTER:
            self.offences = 0
        self.times.clear()
        self.offences += 1
        self.last_offence = now
        return min(self.offences, BAN)

    def is_stale(self, now: float) -> bool:
        quiet = not self.times or self.times[-1] <= now - WINDOW
        return quiet and now - self.last_offence > FORGIVE_AFTER


# By nick, not by address: behind one address there may be a whole dormitory of honest users. The
# record outlives the connection, so coming back does not clear it.
records: dict[str, Record] = {}
next_cleaning = 0.0


def punish(nick: str, offence: int) -> None:
    bot = vh.botname or ""
    if offence == WARN:
        vh.usermc("Please slow down: you send too many messages.", nick)
    elif offence == KICK:
        vh.KickUser(bot, nick, "Flooding the chat")
    else:
        vh.Ban(bot, nick, "Flooding again and again", BAN_SECONDS, vh.eBF_NICKIP)


def message_from(nick: str, message: str) -> int:
    if (vh.GetUserClass(nick) or 0) >= OPERATOR_CLASS:
        return 1
    # The monotonic clock: setting the machine's time must not look like a flood.
    now = time.monotonic()
    record = records.setdefault(nick.translate(LOWER), Record())
    # First, so that long ones count too.
    if record.is_flood(now):
        punish(nick, record.offend(now))
        return 0
    if len(message) > LONGEST_MESSAGE:
        vh.usermc(f"Your message was not sent: {LONGEST_MESSAGE} characters are the most.", nick)
        return 0
    return 1


def OnParsedMsgChat(nick: str, message: str) -> int:
    return message_from(nick, message)


def OnParsedMsgMCTo(nick: str, message: str, to: str) -> int:
    return message_from(nick, message)


def OnParsedMsgPM(nick: str, message: str, to: str) -> int:
    return message_from(nick, message)


def OnTimer(_: float) -> int:
    global next_cleaning
    now = time.monotonic()
    if now >= next_cleaning:
        next_cleaning = now + CLEAN_EVERY
        for nick in [nick for nick, record in records.items() if record.is_stale(now)]:
            del records[nick]
    return 1


vh.name_and_version("Flood guard", "1.0")
