# Answers each event with the value of the text that it is about.


def OnParsedMsgChat(nick, message):
    return eval(message)


def OnParsedMsgPM(nick, message, to):
    return eval(message)


def OnParsedMsgMyINFO(nick, desc, tag, speed, mail, share):
    return eval(desc)
