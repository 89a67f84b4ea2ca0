//! Looks at a script's imports before it runs. If a package cannot work in the script's runtime, the log says
//! so, or the script is loaded where the package works. A script is never run twice to find out.
//!
//! First the text is searched, quickly and roughly, for the names of packages that may fail; so are modules
//! of the script's own folders that it imports. Only when such a name is found, Python's own parser says
//! whether and where the package is really imported.
//!
//! A package fails when the table says so, or when it was refused in this process before. If neither is
//! known, its compiled parts and the packages that it requires tell.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use parking_lot::Mutex;

use super::imports;
use vh_core::installed::{self, Distribution};
use vh_core::packages::{self, Verdict};
use vh_core::runtime::Runtime;

/// A package that cannot work in a runtime.
#[derive(PartialEq, Eq, Debug)]
pub struct Problem {
    /// The module that is imported.
    pub module: String,
    /// What is wrong with it there, to be read after the module's name.
    pub reason: String,
    /// Whether the script certainly cannot run there. It might run if it imports the package only in a
    /// function, or if all that is known is that the package was refused before.
    pub is_certain: bool,
}

/// What one preflight looks for, and where.
struct Search<'a> {
    runtime: Runtime,
    /// The script's own folders. Those of installed packages follow, of which the first that has a package
    /// counts.
    own: &'a [PathBuf],
    installed: Vec<PathBuf>,
    /// The script's own modules that have been looked at.
    seen: HashSet<PathBuf>,
}

/// An imported package that cannot work in `runtime`: the first one that certainly cannot, or else the first
/// one that might not.
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

/// The folders in which Python looks for packages for every script.
fn library_folders() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(imports::library_folders)
}

/// Packages that could not be imported in a runtime, and the reasons they gave.
static REFUSED: Mutex<Vec<(String, Runtime, String)>> = Mutex::new(Vec::new());
/// How many are kept at most.
const MOST_REFUSED: usize = 1000;

/// Notes packages that could not be imported, so that the next script that imports one is loaded elsewhere.
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
    /// The problems with what a source imports: a certain one, and a possible one.
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

    /// What is wrong with a module that the script imports: with the module itself or, if it is one of the
    /// script's own, with what that imports.
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
                Runtime::Main | Runtime::Worker => return None,
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
            // Requirements may form a circle.
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

/// The file of a module that lies in the script's own folders.
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
