"""Chat filter: blocks or replaces words in the main window. Operators are exempt, and keep the
rules.

Operator commands:
  !filter block WORD            messages with WORD are not shown
  !filter replace WORD = TEXT   WORD is shown as TEXT
  !filter remove WORD           forget the rule for WORD
  !filter list                  show all rules
A WORD may be several words; parts of longer ones do not count. Private messages are not looked at.
The rules live in chat_filter.json next to this file.
"""
# Who finds a line that this script cannot digest must not have that line shown, so it fails closed.
# Only where it decides: operators keep their commands if something breaks in OnOperatorCommand.
# vh: on_error.OnParsedMsgChat = refuse
# vh: on_error.OnParsedMsgMCTo = refuse

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import vh

OPERATOR_CLASS = 3
# While a script works the hub does nothing else, so there is an end to everything. In characters:
LONGEST_MESSAGE = 4000
LONGEST_WORD = 100
LONGEST_TEXT = 200
MOST_RULES = 5000
RULES_FILE = os.path.splitext(__file__)[0] + ".json"
FIRST_RULES: dict[str, Any] = {"block": ["warez"], "replace": {"damn": "darn"}}
HELP = "Use: !filter block WORD | replace WORD = TEXT | remove WORD | list"

# What readers hardly see and what gets words past a filter: marks on letters, joiners, signs of
# direction, and surrogates, which stand for bytes that are no text.
UNSEEN = (
    "\u00ad\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\ud800-\udfff"
)
IS_UNSEEN = re.compile(f"[{UNSEEN}]+")
# A word, a gap, or another character, with what is unseen behind it. There is one way only to match
# each, and none is long, so that the time to cut up a text grows as its length and no faster.
PIECE = re.compile(rf"\w[\w{UNSEEN}]{{0,200}}|\s[\s{UNSEEN}]{{0,200}}|[^\w\s][{UNSEEN}]{{0,200}}")


def key(piece: str) -> str:
    """The same for all ways to write a piece: Stra\u00dfe and STRASSE, \u0130 and i."""
    if not piece.isascii():
        # NFKC puts marks on letters that have them, such as \u0439, and makes one of letters that
        # look alike; what marks are left over is decoration.
        piece = unicodedata.normalize("NFKC", piece).casefold()
        piece = IS_UNSEEN.sub("", piece).replace("\u0131", "i")
    return piece.lower().strip() or " "


def keys(text: str) -> list[str]:
    # Piece by piece: folding changes lengths, so a place in a folded text is none in the text.
    return [key(piece) for piece in PIECE.findall(text)]


def is_word(piece: str) -> bool:
    return piece[0].isalnum() or piece[0] == "_"


class Node:
    """A place in a tree of words: where each next piece leads, and the word that ends here."""

    __slots__ = ("next", "word")

    def __init__(self) -> None:
        self.next: dict[str, Node] = {}
        self.word: str | None = None


class Words:
    """Words to look for, in a time that does not depend on how many they are.

    The pattern `one|two|three` would try each of them at each letter, and waits for no deadline.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.root = Node()
        for word in words:
            node = self.root
            for part in keys(word):
                node = node.next.setdefault(part, Node())
            node.word = word

    def find(self, pieces: list[str]) -> Iterator[tuple[int, int, str]]:
        """(first piece, piece behind, word) of each word, the longest where several begin."""
        parts = list(map(key, pieces))
        # Neither before nor behind a word may another go on.
        goes_on = [*map(is_word, pieces), False]
        first = 0
        while first < len(parts):
            behind, word = first + 1, None
            if first == 0 or not goes_on[first - 1]:
                behind, word = self.longest(parts, goes_on, first)
            if word is not None:
                yield first, behind, word
            first = behind

    def longest(self, parts: list[str], goes_on: list[bool], first: int) -> tuple[int, str | None]:
        node, end = self.root, first
        found: tuple[int, str | None] = (first + 1, None)
        while end < len(parts) and parts[end] in node.next:
            node = node.next[parts[end]]
            end += 1
            if node.word is not None and not goes_on[end]:
                found = end, node.word
        return found


def as_rule(word: str) -> str:
    """A word as it is kept: what is unseen in it could not be found again."""
    return IS_UNSEEN.sub("", unicodedata.normalize("NFC", word)).strip().lower()


class Rules:
    """The words to block and to replace."""

    def __init__(self, path: str) -> None:
        self.path = path
        stored = FIRST_RULES
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
        # People write into the file, too.
        self.block: set[str] = set(map(as_rule, stored["block"]))
        self.replace: dict[str, str] = {
            as_rule(word): text for word, text in stored["replace"].items()
        }
        self.prepare()

    def prepare(self) -> None:
        self.blocked, self.replaced = Words(self.block), Words(self.replace)

    def changed(self) -> None:
        """To be called after every change of a rule."""
        self.prepare()
        # Written beside and moved into place: a crash in between leaves the old file whole.
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"block": sorted(self.block), "replace": self.replace}, file, indent=2)
        os.replace(self.path + ".new", self.path)

    def forget(self, word: str) -> bool:
        """Whether there was a rule for this word, however it is written."""
        wanted = keys(word)
        same = [known for known in (*self.block, *self.replace) if keys(known) == wanted]
        for known in same:
            self.block.discard(known)
            self.replace.pop(known, None)
        return bool(same)

    def blocked_word(self, message: str) -> str | None:
        """The first of these words in a message, as it is written there."""
        pieces = PIECE.findall(message)
        for first, behind, _ in self.blocked.find(pieces):
            return "".join(pieces[first:behind])
        return None

    def cleaned(self, message: str) -> str:
        pieces = PIECE.findall(message)
        shown: list[str] = []
        done = 0
        for first, behind, word in self.replaced.find(pieces):
            shown += [*pieces[done:first], self.replace[word]]
            done = behind
        return "".join(shown + pieces[done:])

    def __len__(self) -> int:
        return len(self.block) + len(self.replace)

    def __str__(self) -> str:
        lines = [f"  block {word}" for word in sorted(self.block)]
        lines += [f"  replace {word} = {text}" for word, text in sorted(self.replace.items())]
        return "\r\n".join(lines) or "  none"


def why_no_rule(word: str, text: str = "") -> str | None:
    """What to tell who wants a rule that cannot be; None when it can."""
    if not word:
        return HELP
    if len(word) > LONGEST_WORD or len(text) > LONGEST_TEXT:
        return f"A word has {LONGEST_WORD} characters at most, and a text {LONGEST_TEXT}."
    if len(rules) >= MOST_RULES:
        return f"There are {len(rules)} rules, and more than {MOST_RULES} are too many."
    return None


def block(word: str) -> str:
    reason = why_no_rule(word)
    if reason:
        return reason
    rules.forget(word)
    rules.block.add(word)
    rules.changed()
    return f"Messages with '{word}' will be blocked."


def replace(word: str, text: str) -> str:
    reason = why_no_rule(word, text)
    if reason:
        return reason
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
    action = action.lower()
    if action == "list":
        return "Rules of the chat filter:\r\n" + str(rules)
    if action == "replace":
        word, _, text = rest.partition("=")
        return replace(as_rule(word), text.strip()) if text.strip() else HELP
    if action == "block":
        return block(as_rule(rest))
    if action == "remove" and as_rule(rest):
        return remove(as_rule(rest))
    return HELP


def is_operator(nick: str) -> bool:
    return (vh.GetUserClass(nick) or 0) >= OPERATOR_CLASS


def refuse(nick: str, reason: str) -> int:
    vh.usermc(f"Your message was not shown: {reason}.", nick)
    return 0


def why_not_shown(message: str) -> str | None:
    # First of all, for everything behind it takes its time for each character.
    if len(message) > LONGEST_MESSAGE:
        return f"it has {len(message)} characters, {LONGEST_MESSAGE} are the most"
    word = rules.blocked_word(message)
    return None if word is None else f"'{word}' is not welcome here"


def OnOperatorCommand(nick: str, command: str) -> int:
    name, _, arguments = command[1:].partition(" ")
    if name.lower() != "filter" or not is_operator(nick):
        return 1
    vh.usermc(answer(arguments.strip()), nick)
    return 0


def OnParsedMsgChat(nick: str, message: str) -> int | tuple[None, str]:
    if is_operator(nick):
        return 1
    reason = why_not_shown(message)
    if reason:
        return refuse(nick, reason)
    cleaned = rules.cleaned(message)
    if len(cleaned) > max(LONGEST_MESSAGE, len(message)):
        return refuse(nick, "it gets too long with what is shown instead of some words")
    # (nick, text): None leaves that part as it is.
    return 1 if cleaned == message else (None, cleaned)


def OnParsedMsgMCTo(nick: str, message: str, to: str) -> int:
    """A line in the main window that only one user sees. A script cannot change it."""
    if is_operator(nick):
        return 1
    reason = why_not_shown(message)
    if not reason and rules.cleaned(message) != message:
        reason = f"say it like this: {rules.cleaned(message)[:LONGEST_MESSAGE]}"
    return refuse(nick, reason) if reason else 1


vh.name_and_version("Chat filter", "1.0")
rules = Rules(RULES_FILE)
