//! Prints `python/vh.pyi`, the module `vh` for editors and type checkers.

use std::fmt::Write as _;

use vh_core::callbacks::{Kind, Outcome};
use vh_core::constants::{BAN_TYPES, BOT_ERRORS, CLOSE_REASONS};
use vh_core::hooks::{HOOKS, ON_TIMER, Reply};

use crate::reference::{default, functions};

fn stub_type(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Bool => "bool",
        Outcome::Int => "int | None",
        Outcome::Float => "float | None",
        Outcome::Text | Outcome::RawNickList(_) => "str | None",
        Outcome::Texts(6) => "tuple[str, str, str, str, str, str] | None",
        Outcome::Texts(_) => "tuple[str, str] | None",
        Outcome::NickList(_) => "list[str]",
        Outcome::Rows => "tuple[bool, list[list[str | None]]]",
        Outcome::GeoIp => "dict[str, str | int | float]",
        Outcome::Restrictions => "dict[str, bool]",
        Outcome::Unused => "None",
    }
}

/// The head of the stub: the module's attributes, and what hooks answer.
const STUB_HEAD: &str = r#""""The hub: what a script can ask it and tell it to do.

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

"#;

/// What functions without a callback look like.
const STUB_OWN: &str = r#"def CallDynamicFunction(name: str, *args: Any) -> Any:
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
"#;

/// Types of hooks, for annotations: they exist for type checkers only.
const STUB_ANSWERS: &str = r#"
# What hooks answer, and what they look like: only for type checkers, so a script imports these names
# under `if typing.TYPE_CHECKING:`. A hook may also be an `async def`.
_Answer: TypeAlias = bool | int | tuple[str | None, int] | None
_ChatAnswer: TypeAlias = _Answer | str | tuple[str | None, str | None]
_MyInfoAnswer: TypeAlias = (
    _Answer | tuple[str | None, str | None, str | None, str | None, str | None]
)
"#;

/// The text of the file.
pub fn text() -> Result<String, std::fmt::Error> {
    let mut out = String::from(STUB_HEAD);
    let named = |prefix: &str, names: &[&str]| {
        names.iter().map(|name| format!("{prefix}{name}: int\n")).collect::<String>()
    };
    out += &named("eCR_", &CLOSE_REASONS);
    out += &named("eBOT_", &BOT_ERRORS);
    out += &named("eBF_", &BAN_TYPES);
    out.push('\n');
    for callback in functions() {
        let params: Vec<_> = callback.params.iter().map(stub_param).collect();
        let (name, doc) = (callback.name.to_string_lossy(), callback.doc);
        let result = stub_type(callback.outcome);
        writeln!(out, "def {name}({}) -> {result}:", params.join(", "))?;
        writeln!(out, "    \"\"\"{}\"\"\"\n", doc.replace('"', "'"))?;
    }
    out.push_str(STUB_OWN);
    for name in ["encode", "Encode", "decode", "Decode"] {
        writeln!(out, "def {name}(text: str) -> str: ...")?;
    }
    out.push_str(STUB_ANSWERS);
    for (number, hook) in HOOKS.iter().enumerate() {
        writeln!(out, "_{}: TypeAlias = {}", hook.text, stub_hook(number))?;
    }
    Ok(out)
}

fn stub_hook(number: usize) -> String {
    let hook = &HOOKS[number];
    let params: Vec<_> = hook.format.chars().map(stub_letter).collect();
    let answer = match hook.reply {
        Reply::Common => "_Answer",
        Reply::Chat => "_ChatAnswer",
        Reply::MyInfo => "_MyInfoAnswer",
    };
    let callable = |params: &str| format!("Callable[[{params}], {answer} | Awaitable[{answer}]]");
    match number {
        // Scripts written before 2015 take no argument.
        ON_TIMER => format!("{} | {}", callable("float"), callable("")),
        _ => callable(&params.join(", ")),
    }
}

fn stub_letter(letter: char) -> &'static str {
    match letter {
        'l' => "int",
        'd' => "float",
        _ => "str",
    }
}

fn stub_param(param: &vh_core::callbacks::Param) -> String {
    let kind = match param.kind {
        Kind::Text => "str",
        Kind::Int => "int",
        // A number in its place is the limit, as before there were parameters.
        Kind::Values => "tuple[_SqlValue, ...] | list[Any] | int",
    };
    match default(param.default) {
        value if value.is_empty() => format!("{}: {kind}", param.name),
        value => format!("{}: {kind} | None = {value}", param.name),
    }
}
