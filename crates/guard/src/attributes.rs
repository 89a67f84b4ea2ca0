//! The attributes of a script's `vh`, which say who the script is and where it runs.

use std::borrow::Cow;

use super::script::ScriptInfo;

/// The value of an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attribute<'s> {
    /// A number.
    Int(i64),
    /// Text in the hub's encoding, or None.
    Text(Option<Cow<'s, [u8]>>),
    /// Bytes of the file system, which Python reads as UTF-8 whatever the hub's encoding is, or None.
    Path(Option<&'s [u8]>),
}

/// The names of the attributes.
pub const NAMES: [&str; 8] =
    ["myid", "botname", "opchatname", "name", "path", "basedir", "config_name", "starttime"];

/// The value of an attribute; None when there is none of this name.
pub fn get<'s>(script: &'s ScriptInfo, name: &str) -> Option<Attribute<'s>> {
    Some(match name {
        "myid" => Attribute::Int(script.id.into()),
        "botname" => Attribute::Text(script.bot_nick().map(Cow::Owned)),
        "opchatname" => Attribute::Text(script.op_chat_nick().map(Cow::Owned)),
        "name" => Attribute::Path(Some(script.name_bytes())),
        "path" => Attribute::Path(Some(script.path_bytes())),
        "basedir" => Attribute::Path(script.config_dir.as_deref()),
        "config_name" => Attribute::Text(script.config_name.as_deref().map(Cow::Borrowed)),
        "starttime" => Attribute::Int(script.start_time),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;

    #[test]
    fn every_name_has_a_value() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        assert!(NAMES.iter().all(|name| get(&script, name).is_some()));
        assert_eq!(get(&script, "myid"), Some(Attribute::Int(3)));
        assert_eq!(get(&script, "name"), Some(Attribute::Path(Some(b"a.py"))));
        assert_eq!(get(&script, "pid"), None);
    }
}
