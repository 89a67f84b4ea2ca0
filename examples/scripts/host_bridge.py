"""Host bridge: shows what the hub program itself knows, by calling functions it registered.

Commands:
  +uptime                 how long the hub has been running
  !memory                 operators: how much memory the hub uses
  !call NAME [VALUE ...]  administrators: call any function the hub registered
A hub registers such functions with w_RegisterFunction; one that has none gets a clear answer. A
VALUE is a number, true, "text" or a list as in JSON; anything else is taken as text.
"""

from __future__ import annotations

import json
from typing import Any

import vh

OPERATOR_CLASS = 3
ADMIN_CLASS = 5
LONGEST_ANSWER = 4000  # characters


class Failed(Exception):
    """There is no answer; the text is for the user who asked."""


def call_host(name: str, *arguments: Any) -> Any:
    try:
        return vh.CallDynamicFunction(name, *arguments)
    except NameError:
        raise Failed(f"This hub does not offer the function '{name}'.") from None
    except TimeoutError:
        raise  # Not an answer: that is how the library ends a call that takes too long.
    except Exception as error:
        # What was typed does not fit the function, or the function says itself what is wrong.
        raise Failed(f"'{name}' failed: {type(error).__name__}: {error}") from None


def uptime() -> str:
    answer = call_host("hub_uptime")
    try:
        minutes, seconds = divmod(int(answer), 60)
    except (TypeError, ValueError, OverflowError):
        # A hub may have another function of that name.
        raise Failed("This hub does not say how long it has been running.") from None
    hours, minutes = divmod(minutes, 60)
    return f"The hub has been running for {hours}:{minutes:02}:{seconds:02}."


def memory() -> str:
    """The hub answers with a map of names and sizes in KiB; what is in it is up to the hub."""
    sizes = call_host("hub_memory")
    if not isinstance(sizes, dict):
        raise Failed("This hub does not say how much memory it uses.")
    rows = sorted((str(name), size) for name, size in sizes.items())
    return "\r\n".join(["Memory of the hub:"] + [f"  {name}: {size} KiB" for name, size in rows])


def value(word: str) -> Any:
    """A number, true, a list and so on when the word is JSON; else the word itself."""
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        return word


def call(words: list[str]) -> str:
    if not words:
        return "Use: !call NAME [VALUE ...]"
    name = words[0]
    result = repr(call_host(name, *map(value, words[1:])))
    return f"{name} returned {result[:LONGEST_ANSWER]}"


def reply(user_class: int, name: str, words: list[str]) -> str | None:
    """The answer to a command, or None when it is not ours or not for this user."""
    if name == "uptime":
        return uptime()
    if name == "memory" and user_class >= OPERATOR_CLASS:
        return memory()
    if name == "call" and user_class >= ADMIN_CLASS:
        return call(words)
    return None


def OnUserCommand(nick: str, command: str) -> int:
    name, *words = command[1:].split() or [""]
    try:
        text = reply(vh.GetUserClass(nick) or 0, name.lower(), words)
    except Failed as failure:
        text = str(failure)[:LONGEST_ANSWER]
    if text is None:
        return 1
    # Encoded: the hub's answer may have characters in it that end a message.
    vh.usermc(vh.encode(text), nick)
    return 0


OnOperatorCommand = OnUserCommand

vh.name_and_version("Host bridge", "1.0")
