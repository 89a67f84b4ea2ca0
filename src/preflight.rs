//! Looks a script's imports up before it runs, so that a package that cannot live in its runtime is
//! told, or the script is loaded where it can. A script is never run twice to find out.
//!
//! First the text is searched for the names of packages in the table, quickly and roughly, also in
//! modules of the script's own folders that it imports. Only when one is found, Python's own parser
//! says whether it really is imported at the top level.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::packages::{self, Verdict};
use crate::python::imports;
use crate::runtime::Runtime;

/// A package that cannot live in a runtime.
#[derive(PartialEq, Eq, Debug)]
pub struct Problem {
    /// Module that is imported.
    pub module: &'static str,
    /// What is wrong with it there, to be read after its name.
    pub reason: &'static str,
}

/// The first imported package that cannot live in `runtime`.
pub fn problem(source: &[u8], folders: &[PathBuf], runtime: Runtime) -> Option<Problem> {
    let mut seen = HashSet::new();
    search(source, folders, runtime, &mut seen)
}

fn search(
    source: &[u8],
    folders: &[PathBuf],
    runtime: Runtime,
    seen: &mut HashSet<PathBuf>,
) -> Option<Problem> {
    let text = String::from_utf8_lossy(source);
    let mentioned: HashSet<&str> = mentioned_modules(&text).collect();
    let own: Vec<PathBuf> =
        mentioned.iter().filter_map(|module| own_module(module, folders)).collect();
    let suspicious = |module: &&&str| fails(module, runtime).is_some();
    if own.is_empty() && !mentioned.iter().any(|module| suspicious(&module)) {
        return None;
    }
    let imported = imports::top_level(source);
    if let Some(problem) = imported.iter().find_map(|module| fails(module, runtime)) {
        return Some(problem);
    }
    let own = imported.iter().filter_map(|module| own_module(module, folders));
    for path in own.collect::<Vec<_>>() {
        if seen.insert(path.clone())
            && let Ok(source) = std::fs::read(&path)
            && let Some(problem) = search(&source, folders, runtime, seen)
        {
            return Some(problem);
        }
    }
    None
}

/// What is known to be wrong with a module in a runtime.
fn fails(module: &str, runtime: Runtime) -> Option<Problem> {
    let package = packages::find(module)?;
    let verdict = match runtime {
        Runtime::Main => return None,
        Runtime::Sub => package.sub,
        Runtime::OwnGil => package.own_gil,
    };
    match verdict {
        Verdict::Works => None,
        Verdict::Fails(reason) => Some(Problem { module: package.module, reason }),
    }
}

/// Top-level names on lines that look like imports.
fn mentioned_modules(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim_start)
        .filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")))
        .flat_map(|rest| rest.split(','))
        .filter_map(|name| name.trim().split([' ', '.', ';', '#', '\t']).next())
        .filter(|name| !name.is_empty())
}

/// The file of a module in the script's own folders.
fn own_module(module: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    if module.contains(['/', '\0']) {
        return None;
    }
    folders
        .iter()
        .flat_map(|folder| [folder.join(format!("{module}.py")), package_file(folder, module)])
        .find(|path| path.is_file())
}

fn package_file(folder: &Path, module: &str) -> PathBuf {
    folder.join(module).join("__init__.py")
}

#[cfg(test)]
mod tests {
    use super::mentioned_modules;

    #[test]
    fn import_lines_are_found() {
        let text =
            "import a, b.c as d\n  from e.f import g\nx = 'import h'\ntry: pass\nimport i; j\n";
        assert_eq!(mentioned_modules(text).collect::<Vec<_>>(), ["a", "b", "e", "i"]);
    }
}
