"""What stress.cpp calls. In front of it stand `# vh: runtime = ...` and WITH_THREADS = True or False."""

import asyncio
import datetime
import logging
import threading
import time
import zoneinfo

import vh

logger = logging.getLogger("stress")
logger.addHandler(vh.log_handler())


def use_libraries():
    """What C code of libraries keeps pointers for, which must outlive reloads."""
    assert "ж".encode("cp1251") == b"\xe6"
    assert b"\xd6".decode("koi8-r") == "ж"
    assert eval(r'"\N{BULLET}"') == "\u2022"
    assert datetime.datetime.strptime("2026-11-26", "%Y-%m-%d").month == 11
    try:
        zoneinfo.ZoneInfo("No/Where")
    except zoneinfo.ZoneInfoNotFoundError:
        pass
    logger.debug("a record that no handler writes")


use_libraries()


def OnUserLogin(nick):
    vh.GetUserClass(nick)
    return 0


def OnSetConfig(nick, *_):
    use_libraries()
    return 1


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
