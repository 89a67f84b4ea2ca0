"""Chat filter: blocks or replaces words in main chat. Operators are exempt and keep the rules.

Operator commands:
  !filter block WORD            messages with WORD are not shown
  !filter replace WORD = TEXT   WORD is shown as TEXT
  !filter remove WORD           forget the rule for WORD
  !filter list                  show all rules
The rules live in chat_filter.json next to this file.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import vh

OPERATOR_CLASS = 3
RULES_FILE = os.path.splitext(__file__)[0] + ".json"
FIRST_RULES: dict[str, Any] = {"block": ["warez"], "replace": {"damn": "darn"}}
HELP = "Use: !filter block WORD | replace WORD = TEXT | remove WORD | list"


class Rules:
    """The words to block and to replace. Case does not matter, only whole words count."""

    def __init__(self, path: str) -> None:
        self.path = path
        stored = FIRST_RULES
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
        self.block: set[str] = set(stored["block"])
        self.replace: dict[str, str] = dict(stored["replace"])
        self.compile()

    def compile(self) -> None:
        self.block_pattern = any_of(self.block)
        self.replace_pattern = any_of(self.replace)

    def changed(self) -> None:
        """To be called after every change of a rule."""
        self.compile()
        # Written beside and moved into place: a crash in between leaves the old file whole.
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"block": sorted(self.block), "replace": self.replace}, file, indent=2)
        os.replace(self.path + ".new", self.path)

    def forget(self, word: str) -> bool:
        known = word in self.block or word in self.replace
        self.block.discard(word)
        self.replace.pop(word, None)
        return known

    def blocked_word(self, message: str) -> str | None:
        found = self.block_pattern.search(message)
        return found.group() if found else None

    def replaced(self, message: str) -> str:
        return self.replace_pattern.sub(lambda found: self.replacement(found.group()), message)

    def replacement(self, found: str) -> str:
        known = self.replace.get(found.lower())
        if known is not None:
            return known
        # Letters that re.I takes for one and lower() keeps apart: \u017f and s, \u0130 and i.
        is_it = (word for word in self.replace if re.fullmatch(re.escape(word), found, re.I))
        return self.replace[next(is_it)]

    def __str__(self) -> str:
        lines = [f"  block {word}" for word in sorted(self.block)]
        lines += [f"  replace {word} = {text}" for word, text in sorted(self.replace.items())]
        return "\r\n".join(lines) or "  none"


def any_of(words: set[str] | dict[str, str]) -> re.Pattern[str]:
    """A pattern that matches any of the words, but never a part of a longer one."""
    if not words:
        return re.compile(r"(?!)")  # matches nothing
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:%s)(?!\w)" % "|".join(map(re.escape, longest_first)), re.I)


def block(word: str) -> str:
    rules.forget(word)
    rules.block.add(word)
    rules.changed()
    return f"Messages with '{word}' will be blocked."


def replace(argument: str) -> str:
    word, _, text = argument.partition("=")
    word, text = word.strip().lower(), text.strip()
    if not (word and text):
        return HELP
    rules.forget(word)
    rules.replace[word] = text
    rules.changed()
    return f"'{word}' will be shown as '{text}'."


def remove(word: str) -> str:
    if not rules.forget(word):
        return f"There is no rule for '{word}'."
    rules.changed()
    return f"The rule for '{word}' is gone."


def answer(arguments: str) -> str:
    """What an operator reads after `!filter arguments`."""
    action, _, rest = arguments.partition(" ")
    action, rest = action.lower(), rest.strip()
    if action == "list":
        return "Rules of the chat filter:\r\n" + str(rules)
    if action == "replace":
        return replace(rest)
    if action == "block" and rest:
        return block(rest.lower())
    if action == "remove" and rest:
        return remove(rest.lower())
    return HELP


def OnOperatorCommand(nick: str, command: str) -> int:
    name, _, arguments = command[1:].partition(" ")
    if name.lower() != "filter":
        return 1
    vh.usermc(answer(arguments.strip()), nick)
    return 0


def OnParsedMsgChat(nick: str, message: str) -> int | tuple[None, str]:
    if (vh.GetUserClass(nick) or 0) >= OPERATOR_CLASS:
        return 1
    word = rules.blocked_word(message)
    if word is not None:
        vh.usermc(f"Your message was not shown: '{word}' is not welcome here.", nick)
        return 0
    cleaned = rules.replaced(message)
    if cleaned == message:
        return 1
    # (nick, text): None leaves that part as it is.
    return None, cleaned


vh.name_and_version("Chat filter", "1.0")
rules = Rules(RULES_FILE)
