"""Hooks and functions that do as little as possible. The floor runs this file too."""

import vh


def OnParsedMsgChat(nick, message):
    return 1


def OnParsedMsgMyINFO(nick, desc, tag, speed, mail, share):
    return 1


def OnTimer(seconds):
    return 1


def noop():
    pass


def add(left, right):
    return left + right


def echo(text):
    return text


def ask(count):
    """Calls the hub ten times `count`."""
    ask = vh.GetUserClass
    for _ in range(count):
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
        ask("nick")
    return 1
