//! What the warnings for a script's author need to know of its interpreter.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::object::{Attached, Obj};
use super::scope;
use vh_guard::advice;
use vh_guard::script::ScriptInfo;

/// Warns of functions that nearly have the name of a hook.
pub fn on_functions(script: &ScriptInfo, namespace: &Obj) {
    let attached = namespace.attached();
    // SAFETY: attached; a new reference to a list, or NULL.
    let names = unsafe { attached.take(ffi::PyDict_Keys(namespace.as_ptr())) };
    let names = match names {
        Ok(names) => names.items(),
        Err(raised) => return attached.clear(raised),
    };
    let is_function =
        |name: &&Obj| namespace.dict_value(name).is_some_and(|value| value.is_callable());
    let functions: Vec<_> = names.iter().filter(is_function).map(Obj::to_text).collect();
    advice::on_functions(script, &functions, |meant| {
        names.iter().any(|name| name.to_text() == meant)
    });
}

/// Warns of files beside the script that hide modules of Python.
pub fn on_files(script: &ScriptInfo, namespace: &Obj) {
    if let Some(standard) = standard_folder(namespace.attached()) {
        advice::on_files(script, standard);
    }
}

/// Where Python's own modules are; None when that cannot be found out.
fn standard_folder(attached: Attached<'_>) -> Option<&'static Path> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if FOLDER.get().is_none() {
        match scope::support(attached) {
            Ok(namespace) => {
                let folder = namespace.dict_item(c"STANDARD_FOLDER")?;
                // Another thread may have been faster, with the same result.
                let _ = FOLDER.set(folder.to_text().into());
            }
            Err(raised) => attached.clear(raised),
        }
    }
    FOLDER.get().map(PathBuf::as_path).filter(|folder| folder.is_dir())
}
