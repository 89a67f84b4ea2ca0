//! Looks a script's imports up before it runs, so that a package that cannot live in its runtime is
//! told, or the script is loaded where it can. A script is never run twice to find out.
//!
//! First the text is searched for the names of packages that may fail, quickly and roughly, also in
//! modules of the script's own folders that it imports. Only when one is found, Python's own parser
//! says whether and where it really is imported.
//!
//! A package fails when the table says so, or when it was refused in this process before. Where neither
//! knows it, its compiled parts tell, and the packages that it requires.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use parking_lot::Mutex;

use super::imports;
use crate::installed::{self, Distribution};
use crate::packages::{self, Verdict};
use crate::runtime::Runtime;

/// A package that cannot live in a runtime.
#[derive(PartialEq, Eq, Debug)]
pub struct Problem {
    /// Module that is imported.
    pub module: String,
    /// What is wrong with it there, to be read after its name.
    pub reason: String,
    /// Whether the script cannot run there. It might, when it imports the package in a function only,
    /// or when the package was refused before.
    pub is_certain: bool,
}

/// What a preflight looks for, and where.
struct Search<'a> {
    runtime: Runtime,
    /// The script's own folders, then those of installed packages, the first of which counts.
    own: &'a [PathBuf],
    installed: Vec<PathBuf>,
    /// Own modules that were looked at.
    seen: HashSet<PathBuf>,
}

/// An imported package that cannot live in `runtime`: the first that certainly cannot, else the first
/// that might not.
pub fn problem(
    source: &[u8],
    own: &[PathBuf],
    venv: Option<&Path>,
    runtime: Runtime,
) -> Option<Problem> {
    if runtime == Runtime::Main {
        return None;
    }
    let of_venv = venv.map(|venv| {
        let python = concat!("python", env!("VH_PYTHON_VERSION"));
        venv.join("lib").join(python).join("site-packages")
    });
    let installed = of_venv.into_iter().chain(library_folders().iter().cloned()).collect();
    let mut search = Search { runtime, own, installed, seen: HashSet::new() };
    let (certain, possible) = search.look(source);
    certain.or(possible)
}

/// Folders in which Python looks for packages, whatever the script.
fn library_folders() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(imports::library_folders)
}

/// Packages that could not be imported in a runtime, and what was said.
static REFUSED: Mutex<Vec<(String, Runtime, String)>> = Mutex::new(Vec::new());
/// How many are kept at most.
const MOST_REFUSED: usize = 1000;

/// Notes packages that could not be imported: the next script that imports one is loaded elsewhere.
pub fn was_refused(modules: Vec<String>, runtime: Runtime, reason: &str) {
    let mut refused = REFUSED.lock();
    for module in modules {
        let is_known = refused.iter().any(|known| known.0 == module && known.1 == runtime);
        if !is_known && refused.len() < MOST_REFUSED {
            refused.push((module, runtime, reason.to_owned()));
        }
    }
}

impl Search<'_> {
    /// Problems with what a source imports: a certain one, and one that may be.
    fn look(&mut self, source: &[u8]) -> (Option<Problem>, Option<Problem>) {
        let text = String::from_utf8_lossy(source);
        let mentioned: HashSet<&str> = mentioned_modules(&text).collect();
        let is_worth_parsing = mentioned
            .iter()
            .any(|module| own_module(module, self.own).is_some() || self.fails(module).is_some());
        if !is_worth_parsing {
            return (None, None);
        }
        let imported = imports::of_source(source);
        let mut possible = None;
        for (modules, is_at_load) in [(&imported.at_load, true), (&imported.in_functions, false)] {
            for module in modules {
                let Some(found) = self.problem_with(module) else { continue };
                if found.is_certain && is_at_load {
                    return (Some(found), possible);
                }
                possible.get_or_insert(Problem { is_certain: false, ..found });
            }
        }
        (None, possible)
    }

    /// What is wrong with a module that the script imports: it itself, or what it imports if it is one
    /// of the script's own.
    fn problem_with(&mut self, module: &str) -> Option<Problem> {
        let Some(path) = own_module(module, self.own) else { return self.fails(module) };
        if !self.seen.insert(path.clone()) {
            return None;
        }
        let (certain, possible) = self.look(&std::fs::read(&path).ok()?);
        certain.or(possible)
    }

    fn fails(&self, module: &str) -> Option<Problem> {
        let refused = REFUSED
            .lock()
            .iter()
            .find(|known| known.0 == module && known.1 == self.runtime)
            .map(|known| format!("could not be imported there before ({})", known.2));
        let known = self.known_to_fail(module, &mut HashSet::new());
        let is_certain = known.is_some();
        let reason = known.or(refused)?;
        Some(Problem { module: module.to_owned(), reason, is_certain })
    }

    /// What is known to be wrong with a package, or with one that it needs.
    fn known_to_fail(&self, module: &str, seen: &mut HashSet<String>) -> Option<String> {
        if let Some(package) = packages::find(module) {
            let verdict = match self.runtime {
                Runtime::Main => return None,
                Runtime::Sub => package.sub,
                Runtime::OwnGil => package.own_gil,
            };
            return match verdict {
                Verdict::Works => None,
                Verdict::Fails(reason) => Some(reason.to_owned()),
            };
        }
        let distributions = installed::providing(module, &self.installed);
        distributions.iter().find_map(|distribution| {
            self.compiled_fails(distribution).or_else(|| self.needs_failing(distribution, seen))
        })
    }

    /// What the compiled parts of a package that nobody measured say about themselves.
    fn compiled_fails(&self, distribution: &Distribution) -> Option<String> {
        let compiled = distribution.compiled();
        let insists = cfg!(Py_3_13) || self.runtime == Runtime::OwnGil;
        let reason = if compiled.refuses {
            "says in its compiled part that one interpreter of a process only can import it"
        } else if compiled.is_of_one_phase && insists {
            "has a compiled part of a kind that only the main interpreter takes"
        } else {
            return None;
        };
        Some(reason.to_owned())
    }

    fn needs_failing(
        &self,
        distribution: &Distribution,
        seen: &mut HashSet<String>,
    ) -> Option<String> {
        distribution.requirements.iter().find_map(|requirement| {
            // Requirements may go round in a circle.
            if !seen.insert(requirement.name.clone()) {
                return None;
            }
            let needed = installed::named(&requirement.name, &self.installed)?;
            needed.modules.iter().find_map(|module| {
                let reason = self.known_to_fail(module, seen)?;
                let is_used = !requirement.is_extra
                    || distribution.has_source(|text| mentioned_modules(text).any(|m| m == module));
                is_used.then(|| format!("needs {module}, which {reason}"))
            })
        })
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
