//! Constants of the `vh` module: close reasons, bot errors, ban types, version.

use std::ffi::CString;

use crate::object::{Obj, Raised};

/// Close reasons, numbered from 0.
pub const CLOSE_REASONS: [&str; 22] = [
    "DEFAULT",
    "INVALID_USER",
    "KICKED",
    "FORCEMOVE",
    "QUIT",
    "HUB_LOAD",
    "TIMEOUT",
    "TO_ANYACTION",
    "USERLIMIT",
    "SHARE_LIMIT",
    "TAG_NONE",
    "TAG_INVALID",
    "PASSWORD",
    "LOGIN_ERR",
    "SYNTAX",
    "INVALID_KEY",
    "RECONNECT",
    "CLONE",
    "SELF",
    "BADNICK",
    "NOREDIR",
    "PLUGIN",
];

/// The errors about a bot's nick, numbered from 0.
pub const BOT_ERRORS: [&str; 6] =
    ["OK", "EXISTS", "WITHOUT_NICK", "BAD_CHARS", "RESERVED_NICK", "API_ERROR"];

/// Ban types; the index is the bit.
pub const BAN_TYPES: [&str; 10] =
    ["NICKIP", "IP", "NICK", "RANGE", "HOST1", "HOST2", "HOST3", "SHARE", "PREFIX", "HOSTR1"];

/// Adds the constants to a module.
pub fn add(module: &Obj) -> Result<(), Raised> {
    let numbered = |prefix: &'static str, names: &'static [&'static str]| {
        names.iter().enumerate().map(move |(number, name)| (format!("{prefix}{name}"), number))
    };
    let bits = BAN_TYPES.iter().enumerate().map(|(bit, name)| (format!("eBF_{name}"), 1 << bit));
    let constants =
        numbered("eCR_", &CLOSE_REASONS).chain(numbered("eBOT_", &BOT_ERRORS)).chain(bits);
    for (name, value) in constants {
        let name = CString::new(name).expect("no NUL in the tables");
        module.set_attribute(&name, &module.attached().int(value as i64)?)?;
    }
    add_version(module)
}

fn add_version(module: &Obj) -> Result<(), Raised> {
    let attached = module.attached();
    let text = env!("CARGO_PKG_VERSION");
    let mut numbers: Vec<i64> = text.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    numbers.resize(4, 0);
    let numbers: Result<Vec<_>, _> = numbers.into_iter().map(|n| attached.int(n)).collect();
    module.set_attribute(c"__version__", &attached.tuple(numbers?)?)?;
    module.set_attribute(c"__version_string__", &attached.str(text)?)
}
