# vh: runtime = worker
# A hook that lets each event pass, in a process of its own.


def OnParsedMsgChat(nick, data):
    return 1
