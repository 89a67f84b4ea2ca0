"""The hub: what a script can ask it and tell it to do.

Printed from the tables of the library by `make docs`; for editors and type checkers.
"""

import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Literal, TypeVar, overload

from typing_extensions import TypeAlias

_T = TypeVar("_T")
_Function = TypeVar("_Function", bound=Callable[..., Any])
_SqlValue: TypeAlias = str | bytes | float | None

myid: int
botname: str | None
opchatname: str | None
name: str
path: str
basedir: str | None
config_name: str | None
starttime: int
__version__: tuple[int, int, int, int]
__version_string__: str
state: dict[str, Any]

eCR_DEFAULT: int
eCR_INVALID_USER: int
eCR_KICKED: int
eCR_FORCEMOVE: int
eCR_QUIT: int
eCR_HUB_LOAD: int
eCR_TIMEOUT: int
eCR_TO_ANYACTION: int
eCR_USERLIMIT: int
eCR_SHARE_LIMIT: int
eCR_TAG_NONE: int
eCR_TAG_INVALID: int
eCR_PASSWORD: int
eCR_LOGIN_ERR: int
eCR_SYNTAX: int
eCR_INVALID_KEY: int
eCR_RECONNECT: int
eCR_CLONE: int
eCR_SELF: int
eCR_BADNICK: int
eCR_NOREDIR: int
eCR_PLUGIN: int
eBOT_OK: int
eBOT_EXISTS: int
eBOT_WITHOUT_NICK: int
eBOT_BAD_CHARS: int
eBOT_RESERVED_NICK: int
eBOT_API_ERROR: int
eBF_NICKIP: int
eBF_IP: int
eBF_NICK: int
eBF_RANGE: int
eBF_HOST1: int
eBF_HOST2: int
eBF_HOST3: int
eBF_SHARE: int
eBF_PREFIX: int
eBF_HOSTR1: int

def SendToOpChat(data: str, nick: str | None = None) -> bool:
    """Send a message to the operators' chat."""

def SendToActive(data: str, delay: int | None = 0) -> bool:
    """Send protocol data to all active users."""

def SendToPassive(data: str, delay: int | None = 0) -> bool:
    """Send protocol data to all passive users."""

def SendToActiveClass(data: str, min: int, max: int, delay: int | None = 0) -> bool:
    """Send protocol data to active users of a class range."""

def SendToPassiveClass(data: str, min: int, max: int, delay: int | None = 0) -> bool:
    """Send protocol data to passive users of a class range."""

def SendDataToUser(data: str, nick: str, delay: int | None = 0) -> bool:
    """Send protocol data to one user."""

def SendDataToAll(data: str, min: int, max: int, delay: int | None = 0) -> bool:
    """Send protocol data to all users of a class range."""

def SendPMToAll(data: str, from_nick: str, min: int, max: int) -> bool:
    """Send a private message to all users of a class range."""

def CloseConnection(nick: str, nice: int | None = 0, reason: int | None = 0) -> bool:
    """Disconnect a user; reason is one of the eCR_ constants."""

def GetMyINFO(nick: str) -> tuple[str, str, str, str, str, str] | None:
    """The user's (nick, desc, tag, speed, mail, share)."""

def SetMyINFO(nick: str, desc: str | None = None, tag: str | None = None, speed: str | None = None, mail: str | None = None, share: str | None = None) -> bool:
    """Change parts of a user's MyINFO; None leaves a part as it is."""

def GetUserClass(nick: str) -> int | None:
    """The user's class, -2 for an unknown nick."""

def GetUserHost(nick: str) -> str | None:
    """The user's host name."""

def GetUserIP(nick: str) -> str | None:
    """The user's IP address."""

def SetUserIP(nick: str, ip: str) -> bool:
    """Change the IP address the hub shows for a user."""

def SetMyINFOFlag(nick: str, flag: int) -> bool:
    """Set a status flag in a user's MyINFO."""

def UnsetMyINFOFlag(nick: str, flag: int) -> bool:
    """Clear a status flag in a user's MyINFO."""

def GetUserHubURL(nick: str) -> str | None:
    """The hub address the user says to have connected to."""

def GetUserExtJSON(nick: str) -> str | None:
    """The user's extended info as JSON text."""

def GetUserCC(nick: str) -> str | None:
    """The user's country code."""

def GetIPCC(ip: str) -> str | None:
    """Country code of an IP address."""

def GetIPCN(ip: str) -> str | None:
    """Country name of an IP address."""

def GetIPCity(ip: str, db: str | None = '') -> str | None:
    """City of an IP address."""

def GetIPASN(ip: str, db: str | None = '') -> str | None:
    """Autonomous system of an IP address."""

def GetGeoIP(ip: str, db: str | None = '') -> dict[str, str | int | float]:
    """All that is known about an IP address."""

def GetNickList() -> list[str]:
    """Nicks of all users."""

def GetRawNickList() -> str | None:
    """Nicks of all users as protocol text."""

def GetOpList() -> list[str]:
    """Nicks of all operators."""

def GetRawOpList() -> str | None:
    """Nicks of all operators as protocol text."""

def GetBotList() -> list[str]:
    """Nicks of all bots."""

def GetRawBotList() -> str | None:
    """Nicks of all bots as protocol text."""

def AddRegUser(nick: str, user_class: int, password: str | None = '', op: str | None = '') -> bool:
    """Register a nick."""

def DelRegUser(nick: str) -> bool:
    """Delete a registration."""

def SetRegClass(nick: str, user_class: int) -> bool:
    """Change the class of a registered nick."""

def Ban(op: str, nick: str, reason: str, seconds: int, type: int) -> bool:
    """Ban a user; type is one of the eBF_ constants."""

def KickUser(op: str, nick: str, reason: str, address: str | None = '', note_op: str | None = '', note_usr: str | None = '') -> bool:
    """Kick a user."""

def DelNickTempBan(nick: str) -> bool:
    """Lift the temporary ban of a nick."""

def DelIPTempBan(ip: str) -> bool:
    """Lift the temporary ban of an IP address."""

def ParseCommand(nick: str, command: str, pm: int) -> bool:
    """Run a hub command as if the user had typed it."""

def ScriptCommand(command: str, data: str, instant: int | None = 0) -> bool:
    """Send a command to all scripts and plugins."""

def SetConfig(file: str, variable: str, value: str) -> bool:
    """Set a configuration variable of the hub."""

def GetConfig(file: str, variable: str, default: str | None = None) -> str | None:
    """Value of a configuration variable of the hub."""

def IsRobotNickBad(nick: str) -> int | None:
    """Whether a bot may take this nick: one of the eBOT_ constants."""

def AddRobot(nick: str, user_class: int, desc: str, speed: str, mail: str, share: str) -> bool:
    """Add a bot to the user list."""

def DelRobot(nick: str) -> bool:
    """Remove a bot of this script."""

def SQL(query: str, params: tuple[_SqlValue, ...] | list[Any] | int | None = None, limit: int | None = 100) -> tuple[bool, list[list[str | None]]]:
    """Run a query on the hub's database. Each ? in it stands for a value of params, a tuple or list."""

def GetServFreq() -> float | None:
    """How often a second the hub serves its connections."""

def GetUsersCount() -> int | None:
    """How many users are online."""

def GetTotalShareSize() -> str | None:
    """Shared bytes of all users, in digits."""

def UserRestrictions(nick: str, chat: str | None = '', pm: str | None = '', search: str | None = '', ctm: str | None = '') -> dict[str, bool]:
    """Set and tell what a user may not do: '' leaves, '0' lifts, '1' is a week, else a period such as '3h'."""

def Topic(text: str | None = None) -> str | None:
    """The hub's topic, after setting it if one is given."""

def mc(message: str, bot: str | None = None) -> bool:
    """Say something in main chat."""

def usermc(message: str, nick: str, bot: str | None = None) -> bool:
    """Say something in main chat that only one user sees."""

def classmc(message: str, min: int, max: int, bot: str | None = None) -> bool:
    """Say something in main chat that only a class range sees."""

def pm(message: str, nick: str, from_nick: str | None = None, bot: str | None = None) -> bool:
    """Send a private message."""

def name_and_version(name: str | None = None, version: str | None = None) -> tuple[str, str] | None:
    """The script's name and version as the hub lists them, after setting what is given."""

def StopHub(code: int, delay: int | None = 0) -> bool:
    """Stop or restart the hub."""

def CallDynamicFunction(name: str, *args: Any) -> Any:
    """Call a function the host registered for this script."""

def quote(value: str | bytes | float | None) -> str:
    """A value as text for a query, right for the hub's database."""

def on_unload(function: _Function, *args: Any, **kwargs: Any) -> _Function:
    """Call a function when the script is unloaded, after UnLoad()."""

@overload
def run_in_host(work: Callable[[], Awaitable[_T]]) -> Future[_T]:
    """Run a callable or coroutine on the hub's thread."""

@overload
def run_in_host(work: Callable[[], _T]) -> Future[_T]: ...
@overload
def run_in_host(work: Awaitable[_T]) -> Future[_T]: ...
def log(message: str | logging.LogRecord, level: int | None = None) -> None:
    """Write a line, or a record of Python's logging, to the hub's log."""

def log_handler(level: int = 0) -> logging.Handler:
    """A handler for Python's logging that writes to the hub's log."""

@overload
def stats(form: Literal["dict"] = "dict") -> dict[str, Any]:
    """Statistics of all scripts, as a dict or as text for Prometheus."""

@overload
def stats(form: Literal["prometheus"]) -> str: ...
def encode(text: str) -> str: ...
def Encode(text: str) -> str: ...
def decode(text: str) -> str: ...
def Decode(text: str) -> str: ...

# What hooks answer, and what they look like: only for type checkers, so a script imports these names
# under `if typing.TYPE_CHECKING:`. A hook may also be an `async def`.
_Answer: TypeAlias = bool | int | tuple[str | None, int] | None
_ChatAnswer: TypeAlias = _Answer | str | tuple[str | None, str | None]
_MyInfoAnswer: TypeAlias = (
    _Answer | tuple[str | None, str | None, str | None, str | None, str | None]
)
_OnNewConn: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnCloseConn: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnCloseConnEx: TypeAlias = Callable[[str, int, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgChat: TypeAlias = Callable[[str, str], _ChatAnswer | Awaitable[_ChatAnswer]]
_OnParsedMsgPM: TypeAlias = Callable[[str, str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgMCTo: TypeAlias = Callable[[str, str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgSearch: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgSR: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgMyINFO: TypeAlias = Callable[[str, str, str, str, str, str], _MyInfoAnswer | Awaitable[_MyInfoAnswer]]
_OnFirstMyINFO: TypeAlias = Callable[[str, str, str, str, str, str], _MyInfoAnswer | Awaitable[_MyInfoAnswer]]
_OnParsedMsgValidateNick: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnParsedMsgAny: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgAnyEx: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnOpChatMessage: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnPublicBotMessage: TypeAlias = Callable[[str, str, int, int], _Answer | Awaitable[_Answer]]
_OnUnLoad: TypeAlias = Callable[[int], _Answer | Awaitable[_Answer]]
_OnCtmToHub: TypeAlias = Callable[[str, str, int, int, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgSupports: TypeAlias = Callable[[str, str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgMyHubURL: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgExtJSON: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgBotINFO: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgVersion: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgMyPass: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgConnectToMe: TypeAlias = Callable[[str, str, str, str], _Answer | Awaitable[_Answer]]
_OnParsedMsgRevConnectToMe: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnUnknownMsg: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnOperatorCommand: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnOperatorKicks: TypeAlias = Callable[[str, str, str], _Answer | Awaitable[_Answer]]
_OnOperatorDrops: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnOperatorDropsWithReason: TypeAlias = Callable[[str, str, str], _Answer | Awaitable[_Answer]]
_OnValidateTag: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnUserCommand: TypeAlias = Callable[[str, str], _Answer | Awaitable[_Answer]]
_OnHubCommand: TypeAlias = Callable[[str, str, int, int, str], _Answer | Awaitable[_Answer]]
_OnScriptCommand: TypeAlias = Callable[[str, str, str, str], _Answer | Awaitable[_Answer]]
_OnUserInList: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnUserLogin: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnUserLogout: TypeAlias = Callable[[str], _Answer | Awaitable[_Answer]]
_OnTimer: TypeAlias = Callable[[float], _Answer | Awaitable[_Answer]] | Callable[[], _Answer | Awaitable[_Answer]]
_OnNewReg: TypeAlias = Callable[[str, str, int], _Answer | Awaitable[_Answer]]
_OnNewBan: TypeAlias = Callable[[str, str, str, str], _Answer | Awaitable[_Answer]]
_OnSetConfig: TypeAlias = Callable[[str, str, str, str, str, int], _Answer | Awaitable[_Answer]]
