"""Chat filter: blocks or replaces words in main chat. Operators are exempt and keep the rules.

Operator commands:
  !filter block WORD            messages with WORD are not shown
  !filter replace WORD = TEXT   WORD is shown as TEXT
  !filter remove WORD           forget the rule for WORD
  !filter list                  show all rules
The rules live in chat_filter.json next to this file.
"""

import json
import os
import re

import vh

OPERATOR_CLASS = 3
RULES_FILE = os.path.splitext(__file__)[0] + ".json"
FIRST_RULES = {"block": ["warez"], "replace": {"damn": "darn"}}
HELP = "Use: !filter block WORD | replace WORD = TEXT | remove WORD | list"


class Rules:
    """The words to block and to replace. Case does not matter, only whole words count."""

    def __init__(self, path):
        self.path = path
        stored = FIRST_RULES
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                stored = json.load(file)
        self.block = set(stored["block"])
        self.replace = dict(stored["replace"])
        self.compile()

    def compile(self):
        self.block_pattern = any_of(self.block)
        self.replace_pattern = any_of(self.replace)

    def changed(self):
        """To be called after every change of a rule."""
        self.compile()
        # Written beside and moved into place: a crash in between leaves the old file whole.
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump({"block": sorted(self.block), "replace": self.replace}, file, indent=2)
        os.replace(self.path + ".new", self.path)

    def forget(self, word):
        known = word in self.block or word in self.replace
        self.block.discard(word)
        self.replace.pop(word, None)
        return known

    def blocked_word(self, message):
        found = self.block_pattern.search(message)
        return found.group() if found else None

    def replaced(self, message):
        return self.replace_pattern.sub(
            lambda found: self.replace[found.group().lower()], message
        )

    def __str__(self):
        lines = [f"  block {word}" for word in sorted(self.block)]
        lines += [f"  replace {word} = {text}" for word, text in sorted(self.replace.items())]
        return "\r\n".join(lines) or "  none"


def any_of(words):
    """A pattern that matches any of the words, but never a part of a longer one."""
    if not words:
        return re.compile(r"(?!)")  # matches nothing
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:%s)(?!\w)" % "|".join(map(re.escape, longest_first)), re.I)


def block(word):
    rules.forget(word)
    rules.block.add(word)
    rules.changed()
    return f"Messages with '{word}' will be blocked."


def replace(argument):
    word, _, text = argument.partition("=")
    word, text = word.strip().lower(), text.strip()
    if not (word and text):
        return HELP
    rules.forget(word)
    rules.replace[word] = text
    rules.changed()
    return f"'{word}' will be shown as '{text}'."


def remove(word):
    if not rules.forget(word):
        return f"There is no rule for '{word}'."
    rules.changed()
    return f"The rule for '{word}' is gone."


def answer(arguments):
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


def OnOperatorCommand(nick, command):
    name, _, arguments = command[1:].partition(" ")
    if name.lower() != "filter":
        return 1
    vh.usermc(answer(arguments.strip()), nick)
    return 0


def OnParsedMsgChat(nick, message):
    if vh.GetUserClass(nick) >= OPERATOR_CLASS:
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
