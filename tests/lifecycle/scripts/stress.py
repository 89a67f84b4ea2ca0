"""What stress.cpp calls. In front of it stand `# vh: runtime = ...` and WITH_THREADS = True or False."""

import asyncio
import threading
import time

import vh


def OnUserLogin(nick):
    vh.GetUserClass(nick)
    return 0


def OnParsedMsgChat(nick, message):
    return None, message.upper()


async def OnUserLogout(nick):
    await asyncio.sleep(0.001)


def OnTimer(now):
    vh.run_in_host(lambda: vh.GetUserClass("timer"))
    return 1


def add(a, b):
    return a + b


def echo(text):
    return text


async def add_later(a, b):
    await asyncio.sleep(0.001)
    return a + b


def again(depth):
    return vh.CallDynamicFunction("again", depth)


def ask_forever():
    while True:
        vh.GetUserClass("thread")
        time.sleep(0.001)


if WITH_THREADS:
    threading.Thread(target=ask_forever, name="asking", daemon=True).start()
