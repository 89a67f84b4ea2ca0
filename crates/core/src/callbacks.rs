//! The table of callbacks: each function the hub offers to scripts, with its slot, parameters and result.
//!
//! One row for each function, and no code for any of them: `vh_cpython::vh` parses arguments and converts results
//! by these rows, `hub` finds the slot, the header generator and the documentation check print them. The
//! facts come from the hub's callback tables.

use std::ffi::CStr;

/// Slots in the table a hub hands to `w_Begin`.
pub const MAX_CALLBACKS: usize = 100;

/// The one slot the `python3` hubs inserted; every later slot of the older hubs is one lower.
const GET_IP_CITY: usize = 22;

/// Which numbering a hub's table follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbering {
    /// Hubs without `GetIPCity` (`classic`, `bidirectional`).
    Classic,
    /// Hubs with `GetIPCity` (`python3`), and the header we publish.
    Python3,
}

/// What an argument is and how it is packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `s`: text in the hub's encoding.
    Text,
    /// `l`: integer.
    Int,
    /// Values for the places of `?` in the query, which are not packed.
    Values,
}

/// What is packed for an argument that a script leaves out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Default {
    /// It must be given.
    Required,
    /// NULL; `None` given by the script means the same.
    Null,
    /// The empty string; `None` given by the script means the same.
    Empty,
    /// This number; `None` given by the script means the same.
    Number(i64),
}

/// One parameter of a `vh` function.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Keyword name.
    pub name: &'static str,
    /// Second keyword name, or empty: an older one, or one that is a reserved word of Python.
    pub alias: &'static str,
    /// Type.
    pub kind: Kind,
    /// Value when absent.
    pub default: Default,
}

/// How the hub's result block becomes a Python value. With NULL the hub says that the callback failed; the
/// kind of result decides what the script gets then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// `l` → bool; NULL is False.
    Bool,
    /// `l` → int; NULL is None.
    Int,
    /// `d` → float; NULL is None.
    Float,
    /// `s` → str; NULL is None.
    Text,
    /// So many `s` → tuple of str; NULL is None.
    Texts(usize),
    /// `s` (`$NickList a$$b$$`) or `D` (JSON array) → list of str; NULL is the empty list.
    NickList(&'static CStr),
    /// The same blocks → the text `$NickList a$$b$$`, whichever of the two the hub sent.
    RawNickList(&'static CStr),
    /// `lllp` → `(ok, rows)`; NULL is `(False, [])`.
    Rows,
    /// `sdsdslslp` → dict; NULL is the empty dict.
    GeoIp,
    /// `l` bit set → dict of four bools; NULL or negative is the empty dict.
    Restrictions,
    /// There is no `vh` function for it: the hub's slot is a leftover and always NULL.
    Unused,
}

/// One row: a hub callback and the `vh` function made of it.
#[derive(Debug)]
pub struct Callback {
    /// Name in the `vh` module.
    pub name: &'static CStr,
    /// The same for messages.
    pub text: &'static str,
    /// Slot in the `python3` numbering.
    pub slot: usize,
    /// Parameters, in packing order.
    pub params: &'static [Param],
    /// Result conversion.
    pub outcome: Outcome,
    /// One line for `help(vh.X)` and the guide.
    pub doc: &'static str,
}

impl Callback {
    /// The slot in a table of this numbering, if such hubs have one.
    pub fn slot_in(&self, numbering: Numbering) -> Option<usize> {
        match numbering {
            Numbering::Python3 => Some(self.slot),
            Numbering::Classic if self.slot == GET_IP_CITY => None,
            Numbering::Classic if self.slot > GET_IP_CITY => Some(self.slot - 1),
            Numbering::Classic => Some(self.slot),
        }
    }

    /// How many parameters, counted from the first, must be given.
    #[inline]
    pub fn required(&self) -> usize {
        self.params.iter().take_while(|param| param.default == Default::Required).count()
    }
}

const fn text(name: &'static str) -> Param {
    Param { name, alias: "", kind: Kind::Text, default: Default::Required }
}

const fn int(name: &'static str) -> Param {
    Param { name, alias: "", kind: Kind::Int, default: Default::Required }
}

const fn text_or_null(name: &'static str) -> Param {
    Param { name, alias: "", kind: Kind::Text, default: Default::Null }
}

const fn text_or_empty(name: &'static str) -> Param {
    Param { name, alias: "", kind: Kind::Text, default: Default::Empty }
}

const fn int_or_zero(name: &'static str) -> Param {
    Param { name, alias: "", kind: Kind::Int, default: Default::Number(0) }
}

const fn aliased(param: Param, alias: &'static str) -> Param {
    Param { alias, ..param }
}

const fn row(
    slot: usize,
    name: &'static CStr,
    params: &'static [Param],
    outcome: Outcome,
    doc: &'static str,
) -> Callback {
    let Ok(text) = name.to_str() else { panic!("a callback's name is ASCII") };
    Callback { name, text, slot, params, outcome, doc }
}

use Outcome::{
    Bool, Float, GeoIp, Int, NickList, RawNickList, Restrictions, Rows, Text, Texts, Unused,
};

/// Every callback, in slot order; two `vh` functions may share a slot.
#[rustfmt::skip]
pub static CALLBACKS: [Callback; 60] = [
    row(0, c"SendToOpChat", &[text("data"), text_or_null("nick")], Bool, "Send a message to the operators' chat."),
    row(1, c"SendToActive", &[text("data"), int_or_zero("delay")], Bool, "Send protocol data to all active users."),
    row(2, c"SendToPassive", &[text("data"), int_or_zero("delay")], Bool, "Send protocol data to all passive users."),
    row(3, c"SendToActiveClass", &[text("data"), int("min"), int("max"), int_or_zero("delay")], Bool, "Send protocol data to active users of a class range."),
    row(4, c"SendToPassiveClass", &[text("data"), int("min"), int("max"), int_or_zero("delay")], Bool, "Send protocol data to passive users of a class range."),
    row(5, c"SendDataToUser", &[text("data"), text("nick"), int_or_zero("delay")], Bool, "Send protocol data to one user."),
    row(6, c"SendDataToAll", &[text("data"), int("min"), int("max"), int_or_zero("delay")], Bool, "Send protocol data to all users of a class range."),
    row(7, c"SendPMToAll", &[text("data"), aliased(text("from_nick"), "from"), int("min"), int("max")], Bool, "Send a private message to all users of a class range."),
    row(8, c"CloseConnection", &[text("nick"), int_or_zero("nice"), int_or_zero("reason")], Bool, "Disconnect a user; reason is one of the eCR_ constants."),
    row(9, c"GetMyINFO", &[text("nick")], Texts(6), "The user's (nick, desc, tag, speed, mail, share)."),
    row(10, c"SetMyINFO", &[text("nick"), text_or_null("desc"), text_or_null("tag"), text_or_null("speed"), text_or_null("mail"), text_or_null("share")], Bool, "Change parts of a user's MyINFO; None leaves a part as it is."),
    row(11, c"GetUserClass", &[text("nick")], Int, "The user's class, -2 for an unknown nick."),
    row(12, c"GetUserHost", &[text("nick")], Text, "The user's host name."),
    row(13, c"GetUserIP", &[text("nick")], Text, "The user's IP address."),
    row(14, c"SetUserIP", &[text("nick"), text("ip")], Bool, "Change the IP address the hub shows for a user."),
    row(15, c"SetMyINFOFlag", &[text("nick"), int("flag")], Bool, "Set a status flag in a user's MyINFO."),
    row(16, c"UnsetMyINFOFlag", &[text("nick"), int("flag")], Bool, "Clear a status flag in a user's MyINFO."),
    row(17, c"GetUserHubURL", &[text("nick")], Text, "The hub address the user says to have connected to."),
    row(18, c"GetUserExtJSON", &[text("nick")], Text, "The user's extended info as JSON text."),
    row(19, c"GetUserCC", &[text("nick")], Text, "The user's country code."),
    row(20, c"GetIPCC", &[text("ip")], Text, "Country code of an IP address."),
    row(21, c"GetIPCN", &[text("ip")], Text, "Country name of an IP address."),
    row(22, c"GetIPCity", &[text("ip"), text_or_empty("db")], Text, "City of an IP address."),
    row(23, c"GetIPASN", &[text("ip"), text_or_empty("db")], Text, "Autonomous system of an IP address."),
    row(24, c"GetGeoIP", &[text("ip"), text_or_empty("db")], GeoIp, "All that is known about an IP address."),
    row(25, c"GetNickList", &[], NickList(c"$NickList "), "Nicks of all users."),
    row(25, c"GetRawNickList", &[], RawNickList(c"$NickList "), "Nicks of all users as protocol text."),
    row(26, c"GetOpList", &[], NickList(c"$OpList "), "Nicks of all operators."),
    row(26, c"GetRawOpList", &[], RawNickList(c"$OpList "), "Nicks of all operators as protocol text."),
    row(27, c"GetBotList", &[], NickList(c"$BotList "), "Nicks of all bots."),
    row(27, c"GetRawBotList", &[], RawNickList(c"$BotList "), "Nicks of all bots as protocol text."),
    row(28, c"AddRegUser", &[text("nick"), aliased(int("user_class"), "class"), text_or_empty("password"), text_or_empty("op")], Bool, "Register a nick."),
    row(29, c"DelRegUser", &[text("nick")], Bool, "Delete a registration."),
    row(30, c"SetRegClass", &[text("nick"), aliased(int("user_class"), "class")], Bool, "Change the class of a registered nick."),
    row(31, c"Ban", &[text("op"), text("nick"), text("reason"), int("seconds"), int("type")], Bool, "Ban a user; type is one of the eBF_ constants."),
    row(32, c"KickUser", &[text("op"), text("nick"), text("reason"), text_or_empty("address"), text_or_empty("note_op"), text_or_empty("note_usr")], Bool, "Kick a user."),
    row(33, c"DelNickTempBan", &[text("nick")], Bool, "Lift the temporary ban of a nick."),
    row(34, c"DelIPTempBan", &[text("ip")], Bool, "Lift the temporary ban of an IP address."),
    row(35, c"ParseCommand", &[text("nick"), text("command"), int("pm")], Bool, "Run a hub command as if the user had typed it."),
    row(36, c"ScriptCommand", &[text("command"), text("data"), int_or_zero("instant")], Bool, "Send a command to all scripts and plugins."),
    row(37, c"SetConfig", &[text("file"), text("variable"), text("value")], Bool, "Set a configuration variable of the hub."),
    row(38, c"GetConfig", &[text("file"), text("variable"), text_or_null("default")], Text, "Value of a configuration variable of the hub."),
    row(39, c"IsRobotNickBad", &[text("nick")], Int, "Whether a bot may take this nick: one of the eBOT_ constants."),
    row(40, c"AddRobot", &[text("nick"), aliased(int("user_class"), "class"), text("desc"), text("speed"), text("mail"), text("share")], Bool, "Add a bot to the user list."),
    row(41, c"DelRobot", &[text("nick")], Bool, "Remove a bot of this script."),
    row(42, c"SQL", &[text("query"), Param { name: "params", alias: "", kind: Kind::Values, default: Default::Null }, Param { name: "limit", alias: "", kind: Kind::Int, default: Default::Number(100) }], Rows, "Run a query on the hub's database. Each ? in it stands for a value of params, a tuple or list."),
    row(43, c"SQLQuery", &[], Unused, ""),
    row(44, c"SQLFetch", &[], Unused, ""),
    row(45, c"SQLFree", &[], Unused, ""),
    row(46, c"GetServFreq", &[], Float, "How often a second the hub serves its connections."),
    row(47, c"GetUsersCount", &[], Int, "How many users are online."),
    row(48, c"GetTotalShareSize", &[], Text, "Shared bytes of all users, in digits."),
    row(49, c"UserRestrictions", &[text("nick"), aliased(text_or_empty("chat"), "nochat"), aliased(text_or_empty("pm"), "nopm"), aliased(text_or_empty("search"), "nosearch"), aliased(text_or_empty("ctm"), "noctm")], Restrictions, "Set and tell what a user may not do: \"\" leaves, \"0\" lifts, \"1\" is a week, else a period such as \"3h\"."),
    row(50, c"Topic", &[text_or_null("text")], Text, "The hub's topic, after setting it if one is given."),
    row(51, c"mc", &[text("message"), text_or_null("bot")], Bool, "Say something in main chat."),
    row(52, c"usermc", &[text("message"), text("nick"), text_or_null("bot")], Bool, "Say something in main chat that only one user sees."),
    row(53, c"classmc", &[text("message"), int("min"), int("max"), text_or_null("bot")], Bool, "Say something in main chat that only a class range sees."),
    row(54, c"pm", &[text("message"), text("nick"), aliased(text_or_null("from_nick"), "from"), text_or_null("bot")], Bool, "Send a private message."),
    row(55, c"name_and_version", &[text_or_null("name"), text_or_null("version")], Texts(2), "The script's name and version as the hub lists them, after setting what is given."),
    row(56, c"StopHub", &[int("code"), int_or_zero("delay")], Bool, "Stop or restart the hub."),
];

/// `SendToOpChat`: the library itself tells operators of hooks that it suspends.
pub const SEND_TO_OP_CHAT: usize = index_of(0);
/// `GetUserClass`: operators who log in are told of scripts that do not run.
pub const GET_USER_CLASS: usize = index_of(11);
/// `pm`: how they are told.
pub const PM: usize = index_of(54);
/// `SQL`: the library itself asks what the database is.
pub const SQL: usize = index_of(42);
/// `GetConfig`: the library itself asks for the hub's encoding.
pub const GET_CONFIG: usize = index_of(38);
/// `SetConfig`: a script may change the hub's encoding.
pub const SET_CONFIG: usize = index_of(37);

const fn index_of(slot: usize) -> usize {
    let mut index = 0;
    while index < CALLBACKS.len() {
        if CALLBACKS[index].slot == slot {
            return index;
        }
        index += 1;
    }
    panic!("no such slot")
}

/// The callback a hub of this numbering keeps in `slot`.
pub fn in_slot(slot: i32, numbering: Numbering) -> Option<&'static Callback> {
    let slot = usize::try_from(slot).ok()?;
    CALLBACKS.iter().find(|callback| callback.slot_in(numbering) == Some(slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Numbering::{Classic, Python3};

    fn named(name: &str) -> &'static Callback {
        CALLBACKS.iter().find(|callback| callback.text == name).unwrap()
    }

    #[test]
    fn older_hubs_lack_one_slot_and_have_the_later_ones_one_lower() {
        for (name, python3, classic) in [
            ("SendToOpChat", 0, Some(0)),
            ("GetIPCN", 21, Some(21)),
            ("GetIPCity", 22, None),
            ("GetIPASN", 23, Some(22)),
            ("StopHub", 56, Some(55)),
        ] {
            let callback = named(name);
            assert_eq!(callback.slot_in(Python3), Some(python3), "{name}");
            assert_eq!(callback.slot_in(Classic), classic, "{name}");
        }
    }

    #[test]
    fn a_slot_names_its_callback() {
        let name = |slot, numbering| in_slot(slot, numbering).map(|callback| callback.text);
        assert_eq!(name(22, Python3), Some("GetIPCity"));
        assert_eq!(name(22, Classic), Some("GetIPASN"));
        assert_eq!(name(25, Python3), Some("GetNickList"), "the first of two");
        assert_eq!((name(56, Python3), name(56, Classic)), (Some("StopHub"), None));
        assert_eq!((name(-1, Python3), name(57, Python3)), (None, None));
    }

    #[test]
    fn the_library_finds_the_callbacks_that_it_needs() {
        let wanted = [
            (SEND_TO_OP_CHAT, "SendToOpChat"),
            (GET_USER_CLASS, "GetUserClass"),
            (PM, "pm"),
            (SQL, "SQL"),
            (GET_CONFIG, "GetConfig"),
            (SET_CONFIG, "SetConfig"),
        ];
        for (index, name) in wanted {
            assert_eq!(CALLBACKS[index].text, name);
        }
        assert_eq!((index_of(0), index_of(26), index_of(56)), (0, 27, CALLBACKS.len() - 1));
    }

    #[test]
    fn what_must_be_given_stands_before_what_may_be_left_out() {
        for (name, required) in [("GetNickList", 0), ("GetIPCity", 1), ("KickUser", 3), ("Ban", 5)]
        {
            assert_eq!(named(name).required(), required, "{name}");
        }
        let params = named("AddRegUser").params;
        assert_eq!(
            (params[1].name, params[1].alias, params[1].kind),
            ("user_class", "class", Kind::Int)
        );
        let defaults = [Default::Required, Default::Required, Default::Empty, Default::Empty];
        assert!(params.iter().map(|param| param.default).eq(defaults));
        assert_eq!(named("SendToActive").params[1].default, Default::Number(0));
        assert_eq!(named("mc").params[1].default, Default::Null);
    }
}
