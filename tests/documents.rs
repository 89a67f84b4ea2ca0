//! Documents that repeat the tables: `docs/reference.md` is printed from them, and the stub file
//! for editors too. `make docs` writes them, this test fails when they are out of date.

use std::fmt::Write as _;
use std::path::Path;

use vh_core::callbacks::{CALLBACKS, Callback, Default, Kind, Outcome};
use vh_core::hooks::{HOOKS, ON_TIMER, Reply};
use vh_cpython::vh::constants::{BAN_TYPES, BOT_ERRORS, CLOSE_REASONS};

/// Compares a document with what the tables say, or writes it when `VH_WRITE_DOCUMENTS` is set.
fn check(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("VH_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, wanted).expect(name);
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{name} is out of date: run `make docs` and commit it");
}

fn default(param_default: Default) -> String {
    match param_default {
        Default::Required => String::new(),
        Default::Null => "None".into(),
        Default::Empty => "''".into(),
        Default::Number(number) => number.to_string(),
    }
}

fn signature(callback: &Callback) -> String {
    let params: Vec<_> = callback
        .params
        .iter()
        .map(|param| match default(param.default) {
            value if value.is_empty() => param.name.to_owned(),
            value => format!("{}={value}", param.name),
        })
        .collect();
    format!("{}({})", callback.name.to_string_lossy(), params.join(", "))
}

fn result(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Bool => "True, or False when the hub refuses",
        Outcome::Int => "int or None",
        Outcome::Float => "float or None",
        Outcome::Text => "str or None",
        Outcome::Texts(_) => "tuple of str, or None",
        Outcome::NickList(_) => "list of str",
        Outcome::RawNickList(_) => "str or None",
        Outcome::Rows => "`(ok, rows)`: bool and a list of lists of str or None",
        Outcome::GeoIp => "dict, empty when nothing is known",
        Outcome::Restrictions => {
            "dict of the bools `chat`, `pm`, `search`, `ctm`; empty for no such user"
        }
        Outcome::Unused => "",
    }
}

fn reply(reply: Reply) -> &'static str {
    match reply {
        Reply::Common => "",
        Reply::Chat => {
            "also a str (the message is replaced) or `(nick, message)`, None keeps a part"
        }
        Reply::MyInfo => "also `(desc, tag, speed, mail, share)`, None keeps a part",
    }
}

fn functions() -> impl Iterator<Item = &'static Callback> {
    CALLBACKS.iter().filter(|callback| callback.outcome != Outcome::Unused)
}

fn reference() -> Result<String, std::fmt::Error> {
    let mut out = String::from(
        "# Reference: hooks, functions and constants of `vh`\n\n\
         Printed from the tables of the library by `make docs`. How to use them: \
         [script-guide.md](script-guide.md).\n\n## Hooks\n\n\
         | number | hook | answers beside the common ones |\n| --- | --- | --- |\n",
    );
    for (number, hook) in HOOKS.iter().enumerate() {
        let (name, arguments) = (hook.name.to_string_lossy(), hook.arguments);
        writeln!(out, "| {number} | `{name}({arguments})` | {} |", reply(hook.reply))?;
    }
    out.push_str(
        "\n## Functions\n\nA function the hub does not offer raises `NotImplementedError`. Every \
         argument may be given by its name.\n\nNone may be given for an argument whose default is \
         None: the hub then gets no text, which for it means its own robot, what is there already, or \
         nothing. Where the default is `\'\'`, None is the empty text too, for hubs fail without a \
         text there: so `KickUser(op, nick, reason)` gives three empty ones.\n\n\
         | function | what it does | result |\n| --- | --- | --- |\n",
    );
    for callback in functions() {
        let (signature, doc, result) =
            (signature(callback), callback.doc, result(callback.outcome));
        writeln!(out, "| `{signature}` | {doc} | {result} |")?;
    }
    out.push_str("| `CallDynamicFunction(name, *args)` | Call a function the host registered for this script. | what it returns |\n");
    out.push_str("| `encode(text)`, `Encode(text)` | Write the characters the protocol reserves as entities. | str |\n");
    out.push_str(
        "| `decode(text)`, `Decode(text)` | Read the entities that `encode` writes. | str |\n",
    );
    out.push_str(
        "| `quote(value)` | A value as text for a query, right for the hub's database. | str |\n",
    );
    out.push_str("| `on_unload(function, *args, **kwargs)` | Call a function when the script is unloaded, after `UnLoad()`. | the function |\n");
    out.push_str("| `run_in_host(work)` | Run a callable or coroutine on the hub's thread. | `concurrent.futures.Future` |\n");
    out.push_str("| `log(message, level=None)` | Write a line, or a record of Python's `logging`, to the hub's log; levels are those of `logging`, without one it is always shown. | None |\n");
    out.push_str("| `log_handler(level=0)` | A handler for Python's `logging` that writes to the hub's log. | `logging.Handler` |\n");
    out.push_str("| `stats(form='dict')` | Statistics of all scripts; with `'prometheus'` as text for it. | dict or str |\n");
    constants(&mut out)?;
    Ok(out)
}

fn constants(out: &mut String) -> std::fmt::Result {
    out.push_str(
        "\n## Constants\n\nReasons for `CloseConnection`:\n\n| name | value |\n| --- | --- |\n",
    );
    for (value, name) in CLOSE_REASONS.iter().enumerate() {
        writeln!(out, "| `eCR_{name}` | {value} |")?;
    }
    out.push_str("\nAnswers of `IsRobotNickBad`:\n\n| name | value |\n| --- | --- |\n");
    for (value, name) in BOT_ERRORS.iter().enumerate() {
        writeln!(out, "| `eBOT_{name}` | {value} |")?;
    }
    out.push_str("\nTypes for `Ban`:\n\n| name | value |\n| --- | --- |\n");
    for (bit, name) in BAN_TYPES.iter().enumerate() {
        writeln!(out, "| `eBF_{name}` | {} |", 1 << bit)?;
    }
    Ok(())
}

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

fn stub() -> Result<String, std::fmt::Error> {
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

#[test]
fn the_reference_says_what_the_tables_say() {
    check("docs/reference.md", &reference().expect("writing to a String cannot fail"));
}

#[test]
fn the_stub_says_what_the_tables_say() {
    check("python/vh.pyi", &stub().expect("writing to a String cannot fail"));
}

/// `docs/script-guide.md` lists the hooks that `on_error = refuse` does not reach.
#[test]
fn the_guide_knows_which_hooks_refuse_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/script-guide.md");
    let guide = std::fs::read_to_string(path).expect("the guide is there");
    let list = guide.split("\n\n").find(|text| text.contains("refuse\nnothing and always pass"));
    let list = list.expect("the guide has the list").split(" refuse\n").next().unwrap_or_default();
    let listed: Vec<_> =
        list.split(['`', ',', ' ', '\n']).filter(|name| name.starts_with("On")).collect();
    for hook in &HOOKS {
        assert_eq!(listed.contains(&hook.text), !hook.decides, "{}", hook.text);
    }
}
