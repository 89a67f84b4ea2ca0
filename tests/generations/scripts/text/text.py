# Tells how many characters came, and gives the text back.


def OnParsedMsgChat(nick, message):
    return "%d %s" % (len(message), message)
