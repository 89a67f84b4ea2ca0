//! `vh.state`: a dict that outlives a reload of the script, as far as JSON can hold it.

use super::json::{self, Failure};
use super::object::{Attached, Obj, Raised};
use super::report;
use vh_guard::kept;
use vh_guard::script::ScriptInfo;

/// Gives a script the state that it had when it was last unloaded.
pub fn restore(attached: Attached<'_>, script: &ScriptInfo, vh: &Obj) -> Result<(), Raised> {
    let state = match kept::state_of(script).map(|text| json::parse(attached, &text)) {
        None => attached.dict()?,
        Some(Ok(state)) => state,
        Some(Err(Failure::Raised(raised))) => return Err(raised),
        // This does not happen, because `keep` wrote the text.
        Some(Err(Failure::Refused(_, reason))) => {
            tracing::error!(script = %script.label, "vh.state cannot be restored: {reason}");
            attached.dict()?
        }
    };
    vh.set_attribute(c"state", &state)
}

/// Keeps what JSON can hold of a script's state. The log names the rest.
pub fn keep(attached: Attached<'_>, script: &ScriptInfo, vh: &Obj) {
    match text(attached, script, vh) {
        Ok(Some(text)) => kept::keep(script, text),
        Ok(None) => {}
        Err(Failure::Raised(raised)) => {
            report::log(attached, raised, &script.label, "keeping vh.state");
        }
        Err(Failure::Refused(_, reason)) => {
            tracing::error!(script = %script.label, "vh.state is not kept: {reason}");
        }
    }
}

fn text(attached: Attached<'_>, script: &ScriptInfo, vh: &Obj) -> Result<Option<Vec<u8>>, Failure> {
    let state = vh.attribute(c"state")?;
    if !state.is_dict() {
        return Err(Failure::refused(format!("it is {}, not a dict", state.described())));
    }
    let kept = attached.dict()?;
    let pairs = state.call_method(c"items", &[])?;
    let pairs = attached.import(c"builtins")?.call_method(c"list", &[pairs])?;
    for pair in pairs.items() {
        let [name, value] = &pair.items()[..] else { continue };
        let refused = match json::dump(value) {
            Ok(_) if name.is_str() => {
                kept.set_dict_pair(name, value)?;
                continue;
            }
            Ok(_) => "its name is no str".to_owned(),
            Err(Failure::Refused(_, reason)) => *reason,
            Err(Failure::Raised(raised)) => return Err(raised.into()),
        };
        tracing::warn!(
            script = %script.label,
            "vh.state[{}] does not outlive the unload: {refused}",
            attached.repr(name)
        );
    }
    json::dump(&kept).map(Some)
}
