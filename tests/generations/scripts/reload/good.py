# A script that loads, and tells of its end.
import vh

vh.name_and_version("Good", "1.0")


def OnParsedMsgChat(nick, message):
    return 1


def UnLoad():
    vh.mc("good-bye")
