//! The attributes of a script's `vh` module, which say who the script is and where it runs.

use std::ffi::CStr;

use crate::convert;
use crate::object::{Attached, Obj, Raised};
use vh_core::text;
use vh_guard::script::ScriptInfo;
use vh_host::hub;

/// The names of the attributes.
pub const NAMES: [&CStr; 8] = [
    c"myid",
    c"botname",
    c"opchatname",
    c"name",
    c"path",
    c"basedir",
    c"config_name",
    c"starttime",
];

/// Sets all attributes of a module.
pub fn add(module: &Obj, script: &ScriptInfo) -> Result<(), Raised> {
    for name in NAMES {
        let value = get(module.attached(), script, &name.to_string_lossy());
        module.set_attribute(name, &value.expect("the name is in the table")?)?;
    }
    Ok(())
}

/// The value of an attribute; None when there is none of this name.
pub fn get<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    name: &str,
) -> Option<Result<Obj<'a>, Raised>> {
    let encoding = hub::known_encoding().unwrap_or(&text::UTF8);
    let text = |bytes: Option<&[u8]>| convert::from_hub_or_none(attached, bytes, encoding);
    // Paths are bytes of the file system, which Python reads as UTF-8 whatever the hub's encoding is.
    let path = |bytes: Option<&[u8]>| convert::from_hub_or_none(attached, bytes, &text::UTF8);
    Some(match name {
        "myid" => attached.int(i64::from(script.id)),
        "botname" => text(script.bot_nick().as_deref()),
        "opchatname" => text(script.op_chat_nick().as_deref()),
        "name" => path(Some(script.name_bytes())),
        "path" => path(Some(script.path_bytes())),
        "basedir" => path(script.config_dir.as_deref()),
        "config_name" => text(script.config_name.as_deref()),
        "starttime" => attached.int(script.start_time),
        _ => return None,
    })
}
