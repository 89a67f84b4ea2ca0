# The script that programs of the documents load as script.py: what they call, and what calls them.
import vh


def process_user(nick, number):
    return len(nick) + number


def best(scores):
    return {nick: max(points) for nick, points in scores.items()}


def info():
    return {"user": {"name": "alice"}}


def run(callback, number):
    callback.append(number)


def function():
    return 5


def lookup(nick, limit):
    return vh.CallDynamicFunction("lookup", nick, limit)


def greeting(nick):
    return vh.CallDynamicFunction("greeting", nick)


def setting(number):
    return vh.CallDynamicFunction("setting", number)


def apply(times):
    return vh.CallDynamicFunction("apply", [], times) == list(range(times))
