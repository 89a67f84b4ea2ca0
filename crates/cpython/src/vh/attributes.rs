//! The attributes of a script's `vh` module.

use std::ffi::CString;

use crate::convert;
use crate::object::{Attached, Obj, Raised};
use vh_core::text;
use vh_guard::attributes::{self, Attribute, NAMES};
use vh_guard::script::ScriptInfo;
use vh_host::hub;

/// Sets all attributes of a module.
pub fn add(module: &Obj, script: &ScriptInfo) -> Result<(), Raised> {
    for name in NAMES {
        let value = get(module.attached(), script, name).expect("the name is in the table")?;
        module.set_attribute(&CString::new(name).expect("no NUL in the table"), &value)?;
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
    Some(match attributes::get(script, name)? {
        Attribute::Int(number) => attached.int(number),
        Attribute::Text(text) => convert::from_hub_or_none(attached, text.as_deref(), encoding),
        Attribute::Path(path) => convert::from_hub_or_none(attached, path, &text::UTF8),
    })
}
