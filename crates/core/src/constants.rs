//! Constants of the `vh` module: close reasons, bot errors, ban types, version.

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

/// Every constant with its name.
pub fn all() -> impl Iterator<Item = (String, i64)> {
    let numbered = |prefix: &'static str, names: &'static [&'static str]| {
        (0..).zip(names).map(move |(number, name)| (format!("{prefix}{name}"), number))
    };
    let bits = (0..).zip(BAN_TYPES).map(|(bit, name)| (format!("eBF_{name}"), 1 << bit));
    numbered("eCR_", &CLOSE_REASONS).chain(numbered("eBOT_", &BOT_ERRORS)).chain(bits)
}

/// The library's version as text.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The library's version as four numbers.
pub fn version_numbers() -> [i64; 4] {
    let mut parts = VERSION.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_have_the_numbers_of_the_hub() {
        let named = |wanted: &str| all().find(|(name, _)| name == wanted).map(|found| found.1);
        assert_eq!((named("eCR_DEFAULT"), named("eCR_KICKED")), (Some(0), Some(2)));
        assert_eq!((named("eBOT_API_ERROR"), named("eBF_HOSTR1")), (Some(5), Some(512)));
        assert_eq!(
            version_numbers().map(|number| number.to_string()).join("."),
            format!("{VERSION}.0")
        );
    }
}
