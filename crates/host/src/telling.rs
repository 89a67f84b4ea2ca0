//! What the log tells at its higher levels: each call of a script and of `vh`, with what is passed and answered.
//! Passwords are left out. `script` is the label of the script.

use std::fmt::Display;

use crate::host_functions::Answer;
use crate::targs::{self, Block, Item, Telling, View};
use vh_core::callbacks::Callback;
use vh_core::hooks::{ON_PARSED_MSG_MY_PASS, ON_SET_CONFIG};
use vh_core::log::secrets;

/// Whether calls of the host and its answers are logged.
#[inline]
pub fn tells_vh_calls() -> bool {
    tracing::enabled!(tracing::Level::DEBUG)
}

/// Whether the call is about a variable of the hub's configuration that has a password.
pub fn is_about_password(args: &Block) -> bool {
    matches!(args.view().items().nth(1), Some(Item::Text(Some(name))) if secrets::is_secret_name(name))
}

/// How an argument of a callback is shown in the log: not at all when it is a password.
pub fn of_argument(callback: &Callback, index: usize, of_password: bool) -> Telling {
    match callback.params.get(index).map_or("", |param| param.name) {
        "password" => Telling::Secret,
        "value" | "default" if of_password => Telling::Secret,
        "query" => Telling::Query,
        _ => Telling::Text,
    }
}

/// Tells of a call of `vh`.
pub fn vh_call(script: &str, name: &str, args: &Block, telling: impl Fn(usize) -> Telling) {
    tracing::debug!(script, "vh.{name}({})", targs::brief(&args.view(), telling));
}

/// Tells what the host answered, if it was asked.
pub fn vh_answer(script: &str, name: &str, answer: Option<&Answer>, is_secret: bool) {
    let Some(answer) = answer else { return };
    let telling = if is_secret { Telling::Secret } else { Telling::Text };
    match answer.view() {
        Some(Ok(view)) => {
            tracing::debug!(script, "vh.{name} -> {}", targs::brief(&view, |_| telling));
        }
        Some(Err(wrong)) => tracing::debug!(script, "vh.{name} -> {}", wrong.message()),
        None => tracing::debug!(script, "vh.{name} -> NULL"),
    }
}

/// How a parameter of a function is shown in the log: not at all when the function may be about passwords.
pub fn of_function(name: &[u8]) -> Telling {
    if secrets::is_secret_name(name) { Telling::Secret } else { Telling::Text }
}

/// How a parameter of a hook is shown in the log: not at all when it is a password.
pub fn of_hook(hook: usize, params: &View, index: usize) -> Telling {
    let of_password = || match params.items().nth(2) {
        Some(Item::Text(Some(variable))) => secrets::is_secret_name(variable),
        _ => false,
    };
    match (hook, index) {
        (ON_PARSED_MSG_MY_PASS, 1) => Telling::Secret,
        (ON_SET_CONFIG, 3 | 4) if of_password() => Telling::Secret,
        _ => Telling::Text,
    }
}

/// Tells of a call of a hook or function.
#[inline]
pub fn parameters(
    script: &str,
    name: impl Display,
    params: &View,
    telling: impl Fn(usize) -> Telling,
) {
    tracing::trace!(script, "{name}({})", targs::brief(params, telling));
}

/// Tells what it answers.
#[inline]
pub fn result(script: &str, name: impl Display, block: Option<&Block>) {
    if let Some(block) = block {
        tracing::trace!(script, "{name} -> {}", targs::brief(&block.view(), targs::as_text));
    }
}
