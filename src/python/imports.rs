//! Which modules a source text imports at its top level, by Python's own parser.

use super::interpreter;
use super::object::{Attached, Obj, Raised};

/// Top-level names of the imported modules. None of them when the text has a syntax error: loading
/// the script will tell.
pub fn top_level(source: &[u8]) -> Vec<String> {
    let entered = interpreter::main().enter();
    let attached = entered.attached();
    match names(attached, source) {
        Ok(names) => names.items().iter().map(Obj::to_text).collect(),
        Err(raised) => {
            attached.clear(raised);
            Vec::new()
        }
    }
}

fn names<'a>(attached: Attached<'a>, source: &[u8]) -> Result<Obj<'a>, Raised> {
    let function = super::scope::support(attached)?.dict_item(c"top_level_imports");
    let function = function.ok_or_else(|| super::scope::missing(attached, "top_level_imports"))?;
    function.call(&[attached.bytes(source)?])
}
