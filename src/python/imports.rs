//! Which modules a source text imports at its top level, by Python's own parser.

use super::object::{Attached, Obj, Raised};
use super::{interpreter, scope};

/// Top-level names of the imported modules. None of them when the text has a syntax error: loading
/// the script will tell.
pub fn top_level(source: &[u8]) -> Vec<String> {
    // Where that is needed, loading the script will tell.
    let Ok(main) = interpreter::main_for_scripts() else { return Vec::new() };
    let entered = main.enter();
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
    scope::call(attached, c"top_level_imports", &[attached.bytes(source)?])
}
