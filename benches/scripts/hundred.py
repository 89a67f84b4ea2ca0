"""A script of 100 lines, of the kind hub owners write."""

import vh

OPERATOR = 3
LIMIT = 20
GREETINGS = {}
SPOKE = {}


def OnUserLogin(nick):
    GREETINGS[nick] = GREETINGS.get(nick, 0) + 1
    if GREETINGS[nick] == 1:
        vh.usermc(f"Welcome, {nick}!", nick)
    else:
        vh.usermc(f"Welcome back, {nick}, for the {GREETINGS[nick]}th time", nick)


def OnUserLogout(nick):
    if nick in SPOKE:
        del SPOKE[nick]


def OnParsedMsgChat(nick, message):
    if message.startswith("!"):
        return command(nick, message[1:].split())
    SPOKE[nick] = SPOKE.get(nick, 0) + 1
    if is_shouting(message):
        vh.usermc("Please do not shout", nick)
        return 0
    if SPOKE[nick] > LIMIT and vh.GetUserClass(nick) < OPERATOR:
        vh.usermc("Please speak less", nick)
        return 0
    return 1


def OnParsedMsgPM(nick, message, to):
    """Private messages count as much."""
    return OnParsedMsgChat(nick, message)


def is_shouting(message):
    letters = [letter for letter in message if letter.isalpha()]
    if len(letters) < 10:
        return False
    return sum(letter.isupper() for letter in letters) > len(letters) // 2


class Command:
    def __init__(self, name, least, action):
        self.name = name
        self.least = least
        self.action = action

    def run(self, nick, words):
        if vh.GetUserClass(nick) < self.least:
            vh.usermc(f"{self.name} is not for you", nick)
            return
        self.action(nick, words)


def show_top(nick, words):
    ranking = sorted(SPOKE.items(), key=lambda pair: -pair[1])
    lines = [f"{place}. {name}: {count}" for place, (name, count) in enumerate(ranking[:10], 1)]
    vh.usermc("\n".join(lines), nick)


def forget(nick, words):
    for name in words:
        SPOKE.pop(name, None)
        GREETINGS.pop(name, None)
    vh.usermc(f"forgot {len(words)} users", nick)


def say(nick, words):
    vh.mc(" ".join(words))


COMMANDS = {
    command.name: command
    for command in (
        Command("top", 0, show_top),
        Command("forget", OPERATOR, forget),
        Command("say", OPERATOR, say),
    )
}


def command(nick, words):
    if not words or words[0] not in COMMANDS:
        return 1
    COMMANDS[words[0]].run(nick, words[1:])
    return 0


def OnTimer(seconds):
    for name in list(SPOKE):
        SPOKE[name] -= 1
        if SPOKE[name] <= 0:
            del SPOKE[name]
