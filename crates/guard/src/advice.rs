//! Warnings for a script's author about things that Python does not complain of: settings and functions that
//! nearly have the right name, and files that hide modules of Python.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::script::ScriptInfo;
use vh_core::hooks::{HOOKS, Hook};
use vh_core::nearest::nearest;

/// A function that is called at unload if a script has it. It is not a hook, but as easily mistyped.
const UNLOAD: &str = "UnLoad";

/// Warns of comments that look as if they were meant as settings but are none.
pub fn on_comments(script: &ScriptInfo) {
    for mistake in &script.settings.mistakes {
        tracing::warn!(script = %script.label, "{mistake}");
    }
}

/// Warns of functions that nearly have the name of a hook, because no hub calls them. `functions` are the names of
/// all that can be called; `has` tells whether the script has anything of a name.
pub fn on_functions(script: &ScriptInfo, functions: &[String], has: impl Fn(&str) -> bool) {
    for name in functions {
        let Some(meant) = meant_hook(name).filter(|meant| !has(meant)) else { continue };
        tracing::warn!(
            script = %script.label,
            "has a function {name}, which the hub does not call: did you mean {meant}?"
        );
    }
}

/// The hook that a name probably means which is no hook's.
fn meant_hook(name: &str) -> Option<&'static str> {
    let hooks = || HOOKS.iter().map(|hook: &Hook| hook.text);
    if name == UNLOAD || hooks().any(|hook| hook == name) {
        return None;
    }
    // A function `unload` may be there for anything.
    if name.eq_ignore_ascii_case(UNLOAD) && name.starts_with('U') {
        return Some(UNLOAD);
    }
    let looks_like_one = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"));
    nearest(name, hooks()).filter(|_| looks_like_one)
}

/// The files and folders that were looked at since the hub began.
static LOOKED_AT: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// The hub begins, so everything is warned of once more.
pub fn begin() {
    *LOOKED_AT.lock() = None;
}

/// Warns of the script's file, and of modules beside it, if other scripts there would import them instead of
/// Python's modules, which are in the folder `standard`.
pub fn on_files(script: &ScriptInfo, standard: &Path) {
    for path in modules_beside(script.path()) {
        let is_own = path.file_name() == script.path().file_name();
        let is_new = LOOKED_AT.lock().get_or_insert_default().insert(path.clone());
        if !is_new && !is_own {
            continue;
        }
        let Some(name) = path.file_stem() else { continue };
        if is_standard(standard, name) {
            tracing::warn!(
                script = %script.label,
                "{} has the name of a module of Python: scripts beside it that import {} may get this \
                 file instead. Give it another name",
                path.display(),
                name.to_string_lossy()
            );
        }
    }
}

fn is_standard(folder: &Path, name: &OsStr) -> bool {
    let source = folder.join(name).with_extension("py");
    let native = |entry: &DirEntry| is_native_module(&entry.file_name(), name);
    source.is_file()
        || folder.join(name).join("__init__.py").is_file()
        || folder.join("lib-dynload").read_dir().is_ok_and(|all| all.flatten().any(|e| native(&e)))
}

/// Whether a file is a module in C of this name: `_name.cpython-311-x86_64-linux-gnu.so`.
fn is_native_module(file: &OsStr, name: &OsStr) -> bool {
    let rest = file.as_bytes().strip_prefix(name.as_bytes());
    rest.is_some_and(|rest| rest.starts_with(b".") && rest.ends_with(b".so"))
}

/// What scripts in the folder of this script can import from there.
fn modules_beside(script: &Path) -> Vec<PathBuf> {
    let folder = script.parent().filter(|folder| !folder.as_os_str().is_empty());
    // A folder that cannot be read has no modules for anybody.
    let Ok(entries) = std::fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_module = |path: &PathBuf| match path.extension() {
        Some(extension) => extension == "py",
        None => path.join("__init__.py").is_file(),
    };
    let mut modules: Vec<_> = paths.filter(is_module).collect();
    modules.sort();
    modules
}

#[cfg(test)]
mod tests {
    use super::meant_hook;

    #[test]
    fn what_looks_like_a_hook_means_one() {
        for (name, meant) in [
            ("OnUserLogn", "OnUserLogin"),
            ("onuserlogin", "OnUserLogin"),
            ("on_timer", "OnTimer"),
            ("OnUnload", "OnUnLoad"),
            ("Unload", "UnLoad"),
        ] {
            assert_eq!(meant_hook(name), Some(meant), "{name}");
        }
    }

    #[test]
    fn other_functions_do_not() {
        for name in ["OnUserLogin", "UnLoad", "unload", "UserLogin", "on", "o", "\u{e9}n", "OnKick"]
        {
            assert_eq!(meant_hook(name), None, "{name}");
        }
    }
}
