//! The table of hooks: number, name, argument format, and what a script's return value may be.
//!
//! The facts come from the hub's own tables, which are the same in all three generations. Everything that
//! needs a hook's number or name (the header, the docs check, `w_HookName`) reads this table. It knows
//! nothing of Python: `vh_cpython::convert` turns return values into blocks.

use std::ffi::CStr;

/// Slots that a hub reserves for hooks. Numbers from `HOOKS.len()` up to here have no hook.
pub const MAX_HOOKS: usize = 100;

/// Which return values a hook understands besides the common ones (None, int, `(str, int)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// Only the common return values.
    Common,
    /// The chat hook: also a replacement text, or `(nick, text)`.
    Chat,
    /// The two MyINFO hooks: also `(desc, tag, speed, mail, share)`.
    MyInfo,
}

/// One hub event a script can listen to.
#[derive(Debug)]
pub struct Hook {
    /// Its number for the hub, and its place in [`HOOKS`].
    pub number: usize,
    /// The function name a script defines, as C sees it.
    pub name: &'static CStr,
    /// The same for messages.
    pub text: &'static str,
    /// One letter per argument, in the format language of `targs`.
    pub format: &'static str,
    /// Names of the arguments, comma separated, in order.
    pub arguments: &'static str,
    /// Return values this hook understands.
    pub reply: Reply,
    /// Whether the answer 0 refuses something to somebody. For other hooks 0 only keeps further scripts from
    /// hearing of the event.
    pub decides: bool,
}

const fn hook(name: &'static CStr, format: &'static str, arguments: &'static str) -> Hook {
    let Ok(text) = name.to_str() else { panic!("a hook's name is ASCII") };
    Hook { number: 0, name, text, format, arguments, reply: Reply::Common, decides: true }
}

/// A hook that hears of what has already happened, or of what does not concern a single user.
const fn observer(name: &'static CStr, format: &'static str, arguments: &'static str) -> Hook {
    Hook { decides: false, ..hook(name, format, arguments) }
}

/// Every hook; the index is its number.
pub static HOOKS: [Hook; 41] = numbered([
    hook(c"OnNewConn", "s", "ip"),
    observer(c"OnCloseConn", "s", "ip"),
    observer(c"OnCloseConnEx", "sls", "ip, reason, nick"),
    Hook { reply: Reply::Chat, ..hook(c"OnParsedMsgChat", "ss", "nick, message") },
    hook(c"OnParsedMsgPM", "sss", "nick, message, to"),
    hook(c"OnParsedMsgMCTo", "sss", "nick, message, to"),
    hook(c"OnParsedMsgSearch", "ss", "nick, data"),
    hook(c"OnParsedMsgSR", "ss", "nick, data"),
    Hook {
        reply: Reply::MyInfo,
        ..hook(c"OnParsedMsgMyINFO", "ssssss", "nick, desc, tag, speed, mail, share")
    },
    Hook {
        reply: Reply::MyInfo,
        ..hook(c"OnFirstMyINFO", "ssssss", "nick, desc, tag, speed, mail, share")
    },
    hook(c"OnParsedMsgValidateNick", "s", "data"),
    hook(c"OnParsedMsgAny", "ss", "nick, data"),
    hook(c"OnParsedMsgAnyEx", "ss", "ip, data"),
    hook(c"OnOpChatMessage", "ss", "nick, message"),
    observer(c"OnPublicBotMessage", "ssll", "nick, message, min_class, max_class"),
    observer(c"OnUnLoad", "l", "code"),
    observer(c"OnCtmToHub", "sslls", "nick, ip, port, server_port, referer"),
    hook(c"OnParsedMsgSupports", "sss", "ip, data, filtered"),
    hook(c"OnParsedMsgMyHubURL", "ss", "nick, data"),
    hook(c"OnParsedMsgExtJSON", "ss", "nick, data"),
    hook(c"OnParsedMsgBotINFO", "ss", "nick, data"),
    hook(c"OnParsedMsgVersion", "ss", "ip, data"),
    hook(c"OnParsedMsgMyPass", "ss", "nick, data"),
    hook(c"OnParsedMsgConnectToMe", "ssss", "nick, other_nick, ip, port"),
    hook(c"OnParsedMsgRevConnectToMe", "ss", "nick, other_nick"),
    hook(c"OnUnknownMsg", "ss", "nick, data"),
    hook(c"OnOperatorCommand", "ss", "nick, command"),
    hook(c"OnOperatorKicks", "sss", "op, nick, reason"),
    hook(c"OnOperatorDrops", "ss", "op, nick"),
    hook(c"OnOperatorDropsWithReason", "sss", "op, nick, reason"),
    hook(c"OnValidateTag", "ss", "nick, tag"),
    hook(c"OnUserCommand", "ss", "nick, command"),
    hook(c"OnHubCommand", "sslls", "nick, command, user_class, in_pm, prefix"),
    observer(c"OnScriptCommand", "ssss", "command, data, plugin, script"),
    hook(c"OnUserInList", "s", "nick"),
    hook(c"OnUserLogin", "s", "nick"),
    observer(c"OnUserLogout", "s", "nick"),
    observer(c"OnTimer", "d", "seconds"),
    hook(c"OnNewReg", "ssl", "op, nick, user_class"),
    hook(c"OnNewBan", "ssss", "op, ip, nick, reason"),
    hook(c"OnSetConfig", "sssssl", "nick, file, variable, new, old, type"),
]);

/// Numbers the hooks by their places.
const fn numbered<const COUNT: usize>(mut hooks: [Hook; COUNT]) -> [Hook; COUNT] {
    let mut number = 0;
    while number < COUNT {
        hooks[number].number = number;
        number += 1;
    }
    hooks
}

/// The number of the hook `name`, for the few hooks to which the library itself reacts.
const fn number(name: &str) -> usize {
    let mut index = 0;
    while index < HOOKS.len() {
        if equal(HOOKS[index].name.to_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no such hook")
}

const fn equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// `OnHubCommand`: carries the commands that load scripts.
pub const ON_HUB_COMMAND: usize = number("OnHubCommand");
/// `OnOperatorCommand`: carries them too.
pub const ON_OPERATOR_COMMAND: usize = number("OnOperatorCommand");
/// `OnUserLogin`: operators are then told what they should know.
pub const ON_USER_LOGIN: usize = number("OnUserLogin");
/// `OnScriptCommand`: also carries the hub's renames of its bots.
pub const ON_SCRIPT_COMMAND: usize = number("OnScriptCommand");
/// `OnTimer`: scripts written before 2015 take no argument.
pub const ON_TIMER: usize = number("OnTimer");
/// `OnParsedMsgMyPass`: its data is a password.
pub const ON_PARSED_MSG_MY_PASS: usize = number("OnParsedMsgMyPass");
/// `OnSetConfig`: may announce a new hub encoding.
pub const ON_SET_CONFIG: usize = number("OnSetConfig");

/// A bit for each hook whose name passes the test `is_there`.
pub fn bits(is_there: impl Fn(&str) -> bool) -> u64 {
    let there = HOOKS.iter().filter(|hook| is_there(hook.text));
    there.fold(0, |bits, hook| bits | 1 << hook.number)
}

/// The hook with this number, which C passes, if there is one.
pub fn get(number: i32) -> Option<&'static Hook> {
    HOOKS.get(usize::try_from(number).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_stands_at_its_number() {
        for (index, hook) in HOOKS.iter().enumerate() {
            assert_eq!((hook.number, hook.name.to_str()), (index, Ok(hook.text)));
            assert_eq!(number(hook.text), index);
            assert!(std::ptr::eq(get(index as i32).unwrap(), hook));
            let arguments = hook.arguments.split(", ").count();
            assert_eq!(hook.format.len(), arguments, "{}", hook.text);
        }
        assert!(get(-1).is_none() && get(HOOKS.len() as i32).is_none());
    }

    #[test]
    fn the_library_finds_the_hooks_that_it_needs() {
        let wanted = [
            (ON_HUB_COMMAND, "OnHubCommand"),
            (ON_OPERATOR_COMMAND, "OnOperatorCommand"),
            (ON_USER_LOGIN, "OnUserLogin"),
            (ON_SCRIPT_COMMAND, "OnScriptCommand"),
            (ON_TIMER, "OnTimer"),
            (ON_PARSED_MSG_MY_PASS, "OnParsedMsgMyPass"),
            (ON_SET_CONFIG, "OnSetConfig"),
        ];
        for (index, name) in wanted {
            assert_eq!(HOOKS[index].text, name);
        }
    }

    #[test]
    #[should_panic(expected = "no such hook")]
    fn there_is_no_other_hook() {
        number("OnTimes");
    }

    #[test]
    fn each_hook_has_a_bit() {
        assert_eq!(bits(|_| false), 0);
        assert_eq!(bits(|_| true), (1 << HOOKS.len()) - 1);
        assert_eq!(bits(|name| ["OnNewConn", "OnTimer"].contains(&name)), 1 | 1 << ON_TIMER);
    }

    #[test]
    fn three_hooks_understand_more_than_the_common_answers() {
        let reply = |name| HOOKS[number(name)].reply;
        assert_eq!(reply("OnParsedMsgChat"), Reply::Chat);
        assert_eq!(reply("OnParsedMsgMyINFO"), Reply::MyInfo);
        assert_eq!(reply("OnFirstMyINFO"), Reply::MyInfo);
        assert_eq!(HOOKS.iter().filter(|hook| hook.reply != Reply::Common).count(), 3);
    }

    #[test]
    fn hooks_that_only_hear_decide_nothing() {
        let decides = |name| HOOKS[number(name)].decides;
        assert!(decides("OnUserLogin") && decides("OnParsedMsgChat"));
        assert!(!decides("OnTimer") && !decides("OnCloseConn") && !decides("OnUserLogout"));
    }
}
