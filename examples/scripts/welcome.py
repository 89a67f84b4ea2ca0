"""Welcome bot: greets people by their class, answers +stats, keeps the hub's records.

Commands: +stats (operators may also type !stats).
The records live in welcome.json next to this file.
"""

from __future__ import annotations

import json
import os
import time

import vh

BOT = "Welcome"
VERSION = "1.0"
RECORDS_FILE = os.path.splitext(__file__)[0] + ".json"
SAVE_EVERY = 60  # seconds; a busy hub breaks its records many times a minute at first
# Users say themselves what they share. With more than that they are joking, and a record stays.
LARGEST_SHARE = 2**50  # bytes for each user

# What people of a class read at login; the highest class not above the user's own is taken.
GREETINGS = {
    0: "Welcome, {nick}! Ask an operator if you would like to register.",
    1: "Good to see you again, {nick}.",
    2: "Welcome back, {nick}, our VIP.",
    3: "Hello, {nick}. Thank you for watching over the hub.",
    5: "At your service, {nick}.",
}


class Records:
    """The most users and the largest share the hub has ever seen."""

    def __init__(self, path: str) -> None:
        self.path = path
        # Below anything a hub can have, so that the first look at it sets the first record.
        self.users = {"value": -1, "at": 0}
        self.share = {"value": -1, "at": 0}
        self.changed = False
        self.saved_at = 0.0
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
            self.users, self.share = stored["users"], stored["share"]

    def update(self, users: int, share: int) -> None:
        now = int(time.time())
        for record, value in ((self.users, users), (self.share, share)):
            if value > record["value"]:
                record.update(value=value, at=now)
                self.changed = True

    def save(self) -> None:
        if not self.changed:
            return
        # Written beside and moved into place: a crash in between leaves the old file whole.
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"users": self.users, "share": self.share}, file, indent=2)
        os.replace(self.path + ".new", self.path)
        self.changed = False


def human_size(size: float) -> str:
    """1536 -> '1.50 KiB'"""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size} B" if unit == "B" else f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PiB"


def human_time(seconds: float) -> str:
    """93784 -> '1 d 2 h 3 min'"""
    minutes = int(seconds) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "less than a minute"


def day(timestamp: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(timestamp))


def greeting(nick: str) -> str | None:
    user_class = vh.GetUserClass(nick) or 0
    # A pinger has class -1 and gets no greeting at all.
    fitting = [level for level in GREETINGS if level <= user_class]
    return GREETINGS[max(fitting)].format(nick=nick) if fitting else None


def users_and_share() -> tuple[int, int]:
    users, share = vh.GetUsersCount() or 0, int(vh.GetTotalShareSize() or 0)
    return users, max(0, min(share, users * LARGEST_SHARE))


def stats() -> str:
    users, share = users_and_share()
    records.update(users, share)
    operators = len(set(vh.GetOpList()) - set(vh.GetBotList()))
    return "\r\n".join(
        (
            "Statistics of this hub:",
            f"  Users online: {users}, of them operators: {operators}",
            f"  Shared: {human_size(share)}",
            f"  Most users: {records.users['value']} on {day(records.users['at'])}",
            f"  Largest share: {human_size(records.share['value'])} on {day(records.share['at'])}",
            f"  Running for: {human_time(time.time() - vh.starttime)}",
        )
    )


def OnUserLogin(nick: str) -> int:
    records.update(*users_and_share())
    text = greeting(nick)
    if text is not None:
        vh.usermc(text, nick, BOT)
    return 1


def OnUserCommand(nick: str, command: str) -> int:
    if command[1:].strip().lower() != "stats":
        return 1
    vh.usermc(stats(), nick, BOT)
    return 0


OnOperatorCommand = OnUserCommand


def OnTimer(now: float) -> int:
    if now - records.saved_at >= SAVE_EVERY:
        # First, so that a full disk is not tried and told of every second.
        records.saved_at = now
        records.save()
    return 1


def UnLoad() -> None:
    """Called when the script is unloaded or reloaded."""
    try:
        records.save()
    finally:
        vh.DelRobot(BOT)


def OnUnLoad(code: int) -> int:
    """Called when the hub stops."""
    records.save()
    return 1


vh.name_and_version("Welcome", VERSION)
records = Records(RECORDS_FILE)
vh.AddRobot(BOT, 10, "Greets and counts", "", "", "0")
