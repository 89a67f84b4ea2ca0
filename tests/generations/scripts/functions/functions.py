# Evaluates what the user writes, and tells him the value.
import vh


def OnUnknownMsg(nick, data):
    expression = data.partition(" ")[2]
    try:
        answer = repr(eval(expression))
    except Exception as error:
        answer = type(error).__name__
    vh.SendDataToUser(answer, nick)
    return 1
