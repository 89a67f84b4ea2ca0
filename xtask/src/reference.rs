//! Prints `docs/reference.md`, the reference of the module `vh`.

use std::fmt::Write as _;

use vh_core::callbacks::{CALLBACKS, Callback, Default, Outcome};
use vh_core::constants::{BAN_TYPES, BOT_ERRORS, CLOSE_REASONS};
use vh_core::hooks::{HOOKS, Reply};

/// A parameter's default as Python writes it; empty for a parameter that must be given.
pub fn default(param_default: Default) -> String {
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

/// The functions that scripts can call.
pub fn functions() -> impl Iterator<Item = &'static Callback> {
    CALLBACKS.iter().filter(|callback| callback.outcome != Outcome::Unused)
}

/// The text of the document.
pub fn text() -> Result<String, std::fmt::Error> {
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
