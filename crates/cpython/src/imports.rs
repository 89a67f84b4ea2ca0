//! Finds out, with Python's own parser, what a source text imports and defines; and where Python looks for
//! modules.

use std::path::PathBuf;

use super::object::{Attached, Obj, Raised};
use super::{interpreter, scope};

/// The top-level names of imported modules.
#[derive(Debug, Default)]
pub struct Imports {
    /// Those imported when the text runs.
    pub at_load: Vec<String>,
    /// Those imported in functions, which may run later or never.
    pub in_functions: Vec<String>,
}

/// What a source text imports. Nothing when it has a syntax error, of which loading the script will tell.
pub fn of_source(source: &[u8]) -> Imports {
    // If it is needed, loading the script will tell why it is not there.
    let Ok(main) = interpreter::main_for_scripts() else { return Imports::default() };
    let entered = main.enter();
    let attached = entered.attached();
    match names(attached, source) {
        Ok(imports) => imports,
        Err(raised) => {
            attached.clear(raised);
            Imports::default()
        }
    }
}

fn names(attached: Attached<'_>, source: &[u8]) -> Result<Imports, Raised> {
    let names = scope::call(attached, c"imported_modules", &[attached.bytes(source)?])?;
    let mut kinds = names.items().into_iter().map(|names| texts(&names));
    let mut next = || kinds.next().unwrap_or_default();
    Ok(Imports { at_load: next(), in_functions: next() })
}

/// The names that a source text assigns or defines when it runs, as far as its syntax tells; None when it has
/// a syntax error.
pub fn defined_names(source: &[u8]) -> Option<Vec<String>> {
    let entered = interpreter::main_for_scripts().ok()?.enter();
    let attached = entered.attached();
    let names = attached
        .bytes(source)
        .and_then(|source| scope::call(attached, c"defined_names", &[source]));
    names.map(|names| texts(&names)).map_err(|raised| attached.clear(raised)).ok()
}

pub(super) fn texts(list: &Obj) -> Vec<String> {
    list.items().iter().map(Obj::to_text).collect()
}

/// The folders in which Python looks for modules before scripts add theirs. This does without the library's
/// Python files, because most hubs have no other use for them in the main interpreter.
pub fn library_folders() -> Vec<PathBuf> {
    let entered = interpreter::main().enter();
    let attached = entered.attached();
    match attached.import(c"sys").and_then(|sys| sys.attribute(c"path")) {
        Ok(folders) => {
            let folders = texts(&folders).into_iter().map(PathBuf::from);
            folders.filter(|folder| folder.is_absolute()).collect()
        }
        Err(raised) => {
            attached.clear(raised);
            Vec::new()
        }
    }
}
