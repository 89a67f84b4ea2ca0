"""Hooks every event and counts how often each hook is called.

The host asks by name: get_total_calls() for all hooks together, print_summary() for each.
"""

import itertools
import json

import vh

# Hooks come from several threads of the host: next() is one step that no other thread can get into.
calls = {}


def count(hook):
    calls[hook.__name__] = itertools.count()
    return hook


def taken(name):
    """How often a hook was called. Asking takes a number too, so its counter starts anew there."""
    total = next(calls[name])
    calls[name] = itertools.count(total)
    return total


def get_counts():
    return {name: taken(name) for name in calls}


def get_total_calls():
    return sum(get_counts().values())


def print_summary():
    """The counts, printed as JSON and returned."""
    counts = get_counts()
    print(f"{vh.name} counted {json.dumps(counts)}", flush=True)
    return counts


@count
def OnNewConn(ip):
    next(calls["OnNewConn"])


@count
def OnCloseConn(ip):
    next(calls["OnCloseConn"])


@count
def OnCloseConnEx(ip, close_reason, nick):
    next(calls["OnCloseConnEx"])


@count
def OnParsedMsgChat(nick, message):
    next(calls["OnParsedMsgChat"])


@count
def OnParsedMsgPM(nick, message, to):
    next(calls["OnParsedMsgPM"])


@count
def OnParsedMsgMCTo(nick, message, to):
    next(calls["OnParsedMsgMCTo"])


@count
def OnParsedMsgSearch(nick, data):
    next(calls["OnParsedMsgSearch"])


@count
def OnParsedMsgSR(nick, data):
    next(calls["OnParsedMsgSR"])


@count
def OnParsedMsgMyINFO(nick, desc, tag, speed, mail, share):
    next(calls["OnParsedMsgMyINFO"])


@count
def OnFirstMyINFO(nick, desc, tag, speed, mail, share):
    next(calls["OnFirstMyINFO"])


@count
def OnParsedMsgValidateNick(data):
    next(calls["OnParsedMsgValidateNick"])


@count
def OnParsedMsgAny(nick, data):
    next(calls["OnParsedMsgAny"])


@count
def OnParsedMsgAnyEx(ip, data):
    next(calls["OnParsedMsgAnyEx"])


@count
def OnOpChatMessage(nick, message):
    next(calls["OnOpChatMessage"])


@count
def OnPublicBotMessage(nick, message, min_class, max_class):
    next(calls["OnPublicBotMessage"])


@count
def OnUnLoad(code):
    next(calls["OnUnLoad"])
    # Who only sees the hub's output learns the counts from there.
    print_summary()


@count
def OnCtmToHub(nick, ip, port, server_port, referer):
    next(calls["OnCtmToHub"])


@count
def OnParsedMsgSupports(ip, data, filtered):
    next(calls["OnParsedMsgSupports"])


@count
def OnParsedMsgMyHubURL(nick, data):
    next(calls["OnParsedMsgMyHubURL"])


@count
def OnParsedMsgExtJSON(nick, data):
    next(calls["OnParsedMsgExtJSON"])


@count
def OnParsedMsgBotINFO(nick, data):
    next(calls["OnParsedMsgBotINFO"])


@count
def OnParsedMsgVersion(ip, data):
    next(calls["OnParsedMsgVersion"])


@count
def OnParsedMsgMyPass(nick, data):
    next(calls["OnParsedMsgMyPass"])


@count
def OnParsedMsgConnectToMe(nick, other_nick, ip, port):
    next(calls["OnParsedMsgConnectToMe"])


@count
def OnParsedMsgRevConnectToMe(nick, other_nick):
    next(calls["OnParsedMsgRevConnectToMe"])


@count
def OnUnknownMsg(nick, data):
    next(calls["OnUnknownMsg"])


@count
def OnOperatorCommand(nick, command):
    next(calls["OnOperatorCommand"])


@count
def OnOperatorKicks(op, nick, reason):
    next(calls["OnOperatorKicks"])


@count
def OnOperatorDrops(op, nick):
    next(calls["OnOperatorDrops"])


@count
def OnOperatorDropsWithReason(op, nick, reason):
    next(calls["OnOperatorDropsWithReason"])


@count
def OnValidateTag(nick, tag):
    next(calls["OnValidateTag"])


@count
def OnUserCommand(nick, command):
    next(calls["OnUserCommand"])


@count
def OnHubCommand(nick, command, user_class, in_pm, prefix):
    next(calls["OnHubCommand"])


@count
def OnScriptCommand(command, data, plugin, script):
    next(calls["OnScriptCommand"])


@count
def OnUserInList(nick):
    next(calls["OnUserInList"])


@count
def OnUserLogin(nick):
    next(calls["OnUserLogin"])


@count
def OnUserLogout(nick):
    next(calls["OnUserLogout"])


@count
def OnTimer(now):
    next(calls["OnTimer"])


@count
def OnNewReg(op, nick, user_class):
    next(calls["OnNewReg"])


@count
def OnNewBan(op, ip, nick, reason):
    next(calls["OnNewBan"])


@count
def OnSetConfig(nick, file, variable, new, old, type):
    next(calls["OnSetConfig"])
