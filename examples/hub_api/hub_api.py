# vh: runtime = main
# vh: venv = venv
"""An HTTP API of the hub, served from the hub's own process with FastAPI and uvicorn.

GET  /stats          users, share, topic, uptime
GET  /users          who is online, with class
GET  /users/{nick}   what one user tells about himself
GET  /topic          the topic
GET  /chat           the last lines of main chat
POST /chat           say something in main chat; needs the token

Settings are in hub_api.json beside this file; README.md tells how to install. /docs shows it all.
"""

import asyncio
import collections
import json
import os
import secrets
import signal
import socket
import threading
import time
from typing import Any

import fastapi
import pydantic
import uvicorn
import vh

SETTINGS_FILE = os.path.splitext(__file__)[0] + ".json"
DEFAULTS = {"host": "127.0.0.1", "port": 8080, "token": "", "nick": "WebAPI"}
CHAT_LINES = 100  # that GET /chat remembers
STOP_SECONDS = 1.5  # for requests under way when the script is unloaded


def load_settings():
    settings = dict(DEFAULTS)
    if os.path.exists(SETTINGS_FILE):
        with open(SETTINGS_FILE, encoding="utf-8") as file:
            settings.update(json.load(file))
    unknown = sorted(set(settings) - set(DEFAULTS))
    if unknown:
        raise ValueError(f"{SETTINGS_FILE}: no such setting: {', '.join(unknown)}")
    return settings


settings = load_settings()
chat: "collections.deque[dict[str, Any]]" = collections.deque(maxlen=CHAT_LINES)
api = fastapi.FastAPI(title="Hub API", version="1.0")


# What is asked of the hub. These run on the hub's thread.


def read_stats():
    return {
        "users": vh.GetUsersCount(),
        "operators": len(set(vh.GetOpList()) - set(vh.GetBotList())),
        "share": int(vh.GetTotalShareSize() or 0),
        "topic": vh.Topic(),
        "uptime": int(time.time() - vh.starttime),
    }


def read_users():
    bots = set(vh.GetBotList())
    return [
        {"nick": nick, "class": vh.GetUserClass(nick), "bot": nick in bots}
        for nick in vh.GetNickList()
    ]


def read_user(nick):
    info = vh.GetMyINFO(nick)
    if info is None:
        return None
    _, description, tag, speed, mail, share = info
    return {
        "nick": nick,
        "class": vh.GetUserClass(nick),
        "description": description,
        "tag": tag,
        "speed": speed,
        "mail": mail,
        "share": int(share or 0),
    }


def say(message):
    # The text may hold the characters that end a command of the protocol.
    return vh.mc(vh.encode(message), settings["nick"])


# The requests. They come in the server's thread, where a vh function would wait for the hub's thread
# and the server with it. ask() makes all calls of a request in one such wait, and keeps nobody
# waiting; and what it asks is answered even when the script is being unloaded.


async def ask(function, *args):
    try:
        answer = vh.run_in_host(lambda: function(*args))
    except SystemExit as told_to_end:
        # The script is being unloaded, and the server is about to be stopped in good order.
        raise fastapi.HTTPException(503, str(told_to_end)) from None
    try:
        return await asyncio.wrap_future(answer)
    except asyncio.CancelledError:
        # On a busy machine the server's time to end may be over before the hub has answered.
        raise fastapi.HTTPException(503, "the script is being unloaded") from None


class Line(pydantic.BaseModel):
    message: str = pydantic.Field(min_length=1, max_length=1000)


def check_token(authorization: str = fastapi.Header(default="")):
    if not settings["token"]:
        raise fastapi.HTTPException(403, f"no token is set in {os.path.basename(SETTINGS_FILE)}")
    wanted = "Bearer " + settings["token"]
    if not secrets.compare_digest(authorization.encode(), wanted.encode()):
        raise fastapi.HTTPException(401, "wrong token", {"WWW-Authenticate": "Bearer"})


@api.get("/stats")
async def get_stats():
    return await ask(read_stats)


@api.get("/users")
async def get_users():
    return await ask(read_users)


@api.get("/users/{nick}")
async def get_user(nick: str):
    user = await ask(read_user, nick)
    if user is None:
        raise fastapi.HTTPException(404, f"nobody with the nick {nick!r} is here")
    return user


@api.get("/topic")
async def get_topic():
    return {"topic": await ask(vh.Topic)}


@api.get("/chat")
async def get_chat(last: int = fastapi.Query(default=20, ge=1, le=CHAT_LINES)):
    return list(chat)[-last:]


@api.post("/chat", status_code=201, dependencies=[fastapi.Depends(check_token)])
async def post_chat(line: Line):
    if not await ask(say, line.message):
        raise fastapi.HTTPException(502, "the hub refused the message")
    return {"nick": settings["nick"], "message": line.message}


class Server:
    """uvicorn in a thread."""

    def __init__(self, host, port):
        # Bound here, so that a port in use is an error of loading the script.
        self.socket = socket.create_server((host, port), backlog=128)
        config = uvicorn.Config(
            api,
            loop="asyncio",
            http="h11",
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.run, name="hub_api", daemon=True)
        self.thread.start()

    def address(self):
        return "http://{}:{}".format(*self.socket.getsockname()[:2])

    def run(self):
        # Python programs ignore this signal, a hub need not: who hangs up must not end it.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPIPE])
        self.uvicorn.run(sockets=[self.socket])

    def stop(self):
        """On the hub's thread, which requests under way may wait for: they are answered first."""
        self.uvicorn.should_exit = True
        deadline = time.monotonic() + STOP_SECONDS
        while self.thread.is_alive() and time.monotonic() < deadline:
            vh.run_in_host(lambda: None).result()
            self.thread.join(0.02)
        self.socket.close()


def OnParsedMsgChat(nick, message):
    chat.append({"time": int(time.time()), "nick": nick, "message": vh.decode(message)})
    return 1


server = Server(settings["host"], settings["port"])
vh.on_unload(server.stop)
print(f"hub_api: serving {server.address()}")
