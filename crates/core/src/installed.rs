//! What is installed in folders such as `site-packages`: which distribution a module comes from, and what
//! that distribution requires. It is read from the metadata that installers leave, and again only when a
//! folder has changed.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use memchr::memmem;
use parking_lot::Mutex;

/// A distribution, such as PyJWT.
#[derive(Debug)]
pub struct Distribution {
    /// The folder its modules are in.
    folder: PathBuf,
    /// Names that scripts import.
    pub modules: Vec<String>,
    /// The distributions that it needs.
    pub requirements: Vec<Requirement>,
    compiled: OnceLock<Compiled>,
}

/// Another distribution that one needs.
#[derive(PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Its normalized name.
    pub name: String,
    /// Whether only an extra asks for it. Then it may be installed without being used.
    pub is_extra: bool,
}

/// One folder of modules, as far as it has been looked at.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// Names of the modules in it.
    modules: HashSet<String>,
    metadata: Vec<PathBuf>,
    index: OnceLock<Index>,
}

/// The distributions of a folder.
#[derive(Debug, Default)]
struct Index {
    distributions: Vec<Arc<Distribution>>,
    /// Places in `distributions`, by module and by normalized name.
    by_module: HashMap<String, Vec<usize>>,
    by_name: HashMap<String, usize>,
}

type Known = HashMap<PathBuf, (SystemTime, Arc<Folder>)>;
static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// The distributions from which a module comes, in the first folder that has it. Several may share a
/// namespace package.
pub fn providing(module: &str, folders: &[PathBuf]) -> Vec<Arc<Distribution>> {
    let found = folders.iter().filter_map(|folder| known(folder));
    let Some(folder) = found.into_iter().find(|folder| folder.modules.contains(module)) else {
        return Vec::new();
    };
    let index = folder.index();
    match index.by_module.get(module) {
        Some(places) => places.iter().map(|&p| Arc::clone(&index.distributions[p])).collect(),
        // Somebody has put it there by hand.
        None => vec![Arc::new(Distribution::new(&folder.path, vec![module.to_owned()]))],
    }
}

/// The distribution of this name.
pub fn named(name: &str, folders: &[PathBuf]) -> Option<Arc<Distribution>> {
    folders.iter().filter_map(|folder| known(folder)).find_map(|folder| {
        let index = folder.index();
        index.by_name.get(name).map(|&place| Arc::clone(&index.distributions[place]))
    })
}

/// What is in a folder; None when it cannot be read.
fn known(folder: &Path) -> Option<Arc<Folder>> {
    let changed = fs::metadata(folder).and_then(|found| found.modified()).ok()?;
    let cached = KNOWN.lock().as_ref().and_then(|known| known.get(folder).cloned());
    if let Some((at, known)) = cached
        && at == changed
    {
        return Some(known);
    }
    let read = Arc::new(Folder::read(folder)?);
    let mut known = KNOWN.lock();
    known.get_or_insert_default().insert(folder.to_path_buf(), (changed, Arc::clone(&read)));
    Some(read)
}

impl Folder {
    fn read(path: &Path) -> Option<Folder> {
        let (mut modules, mut metadata) = (HashSet::new(), Vec::new());
        for entry in fs::read_dir(path).ok()?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".dist-info") || name.ends_with(".egg-info") {
                metadata.push(entry.path());
            } else if let Some(module) = name.split('.').next() {
                modules.insert(module.to_owned());
            }
        }
        Some(Folder { path: path.to_path_buf(), modules, metadata, index: OnceLock::new() })
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for info in &self.metadata {
                let Some((name, distribution)) = described(&self.path, info) else { continue };
                let place = index.distributions.len();
                for module in &distribution.modules {
                    index.by_module.entry(module.clone()).or_default().push(place);
                }
                index.by_name.insert(name, place);
                index.distributions.push(Arc::new(distribution));
            }
            index
        })
    }
}

/// The name and the distribution that a folder of metadata describes.
fn described(folder: &Path, info: &Path) -> Option<(String, Distribution)> {
    let metadata = text(&info.join("METADATA")).or_else(|| text(&info.join("PKG-INFO")))?;
    // Headers end at the first empty line; the description comes after it.
    let headers = metadata.lines().take_while(|line| !line.is_empty());
    let mut name = None;
    let mut requirements = Vec::new();
    for (key, value) in headers.filter_map(|line| line.split_once(':')) {
        match key {
            "Name" => name = Some(normalized(value)),
            "Requires-Dist" => requirements.push(requirement(value)),
            _ => {}
        }
    }
    let modules = match text(&info.join("top_level.txt")) {
        Some(names) => names.split_whitespace().map(str::to_owned).collect(),
        None => recorded_modules(&text(&info.join("RECORD")).unwrap_or_default()),
    };
    Some((name?, Distribution { requirements, ..Distribution::new(folder, modules) }))
}

fn text(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a requirement such as `cryptography>=3.4; extra == "crypto"`. Other markers are ignored: what they
/// exclude is usually not installed.
fn requirement(value: &str) -> Requirement {
    let value = value.trim();
    let end = value.find(|letter: char| !(letter.is_alphanumeric() || "-_.".contains(letter)));
    let marker = value.split_once(';').map_or("", |(_, marker)| marker);
    Requirement {
        name: normalized(&value[..end.unwrap_or(value.len())]),
        is_extra: marker.contains("extra"),
    }
}

/// The spelling that we use of a distribution's name; all its spellings mean the same.
fn normalized(name: &str) -> String {
    let parts = name.trim().split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_lowercase()
}

/// The modules in the list of a distribution's files.
fn recorded_modules(record: &str) -> Vec<String> {
    let mut modules: Vec<String> = Vec::new();
    for line in record.lines() {
        let path = line.split(',').next().unwrap_or_default();
        let (first, is_package) = match path.split_once('/') {
            Some((first, _)) => (first, true),
            None => (path, false),
        };
        let module = match first.split_once('.') {
            Some((module, "py" | "so")) if !is_package => module,
            Some((module, rest)) if !is_package && rest.ends_with(".so") => module,
            None if is_package => first,
            _ => continue,
        };
        let is_name = module.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        if is_name && module != "__pycache__" && modules.last().is_none_or(|last| last != module) {
            modules.push(module.to_owned());
        }
    }
    modules.sort_unstable();
    modules.dedup();
    modules
}

impl Distribution {
    fn new(folder: &Path, modules: Vec<String>) -> Distribution {
        let folder = folder.to_path_buf();
        Distribution { folder, modules, requirements: Vec::new(), compiled: OnceLock::new() }
    }

    /// Whether one of its sources satisfies `wanted`. Reads them until one does.
    pub fn has_source(&self, wanted: impl Fn(&str) -> bool) -> bool {
        let mut found = false;
        self.look_at_files("py", |data| {
            found = wanted(&String::from_utf8_lossy(data));
            !found
        });
        found
    }

    /// What its compiled parts show of themselves.
    pub fn compiled(&self) -> Compiled {
        *self.compiled.get_or_init(|| {
            let mut found = Compiled::default();
            self.look_at_files("so", |data| {
                let has = |text: &str| memmem::find(data, text.as_bytes()).is_some();
                found.refuses |= REFUSALS.iter().any(|text| has(text));
                found.is_of_one_phase |= has("PyModule_Create2") && !has("PyModuleDef_Init");
                !found.refuses
            });
            found
        })
    }

    /// Shows `look` the content of its files of a kind until `look` has seen enough.
    fn look_at_files(&self, kind: &str, mut look: impl FnMut(&[u8]) -> bool) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_module = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let module = name.as_deref().and_then(|name| name.split('.').next());
            module.is_some_and(|module| self.modules.iter().any(|own| own == module))
        };
        let mut left: Vec<_> = entries.map(|entry| entry.path()).filter(is_module).collect();
        while let Some(path) = left.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                left.extend(entries.map(|entry| entry.path()));
            } else if path.extension().is_some_and(|found| found == kind)
                && path.metadata().is_ok_and(|found| found.len() < LARGEST)
                && let Ok(data) = fs::read(&path)
                && !look(&data)
            {
                return;
            }
        }
    }
}

/// How large a file may be that is looked at. Larger ones are libraries that modules use.
const LARGEST: u64 = 64 << 20;

/// What the compiled parts of a distribution show of themselves.
#[derive(Clone, Copy, Default, Debug)]
pub struct Compiled {
    /// A part refuses all interpreters but the first, or all but the main one.
    pub refuses: bool,
    /// A part is initialised in one phase, the old way, which interpreters with a lock of their own refuse.
    pub is_of_one_phase: bool,
}

/// The texts of parts that refuse: those of PyO3, Cython and numpy.
const REFUSALS: [&str; 4] = [
    "do not yet support subinterpreters",
    "may only be initialized once per interpreter process",
    "Interpreter change detected",
    "cannot load module more than once per process",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read() {
        for (text, name, is_extra) in [
            ("cryptography>=3.4.0; extra == 'crypto'", "cryptography", true),
            (" typing_extensions (>=4.0) ; python_version < \"3.11\"", "typing-extensions", false),
            ("zope.interface", "zope-interface", false),
            ("httpx[http2]>=0.20", "httpx", false),
        ] {
            let expected = Requirement { name: name.to_owned(), is_extra };
            assert_eq!(requirement(text), expected, "{text}");
        }
    }

    #[test]
    fn modules_are_found_in_the_list_of_files() {
        let record = "PyJWT-2.dist-info/METADATA,sha256=x,1\njwt/__init__.py,sha256=x,1\n\
                      jwt/api.py,,\n../../bin/jwt,,\nsix.py,,\n_cffi_backend.cpython-311-x.so,,\n\
                      __pycache__/six.pyc,,\nread.me,,\nfolder.py/x.py,,\nfolder.so/x,,\nfolder.x.so/x,,\n";
        assert_eq!(recorded_modules(record), ["_cffi_backend", "jwt", "six"]);
    }

    /// A folder of modules for one test.
    struct Installed(PathBuf);

    impl Installed {
        fn new(name: &str, files: &[(&str, &str)]) -> Installed {
            let name = format!("vh_installed_{name}_{}", std::process::id());
            let installed = Installed(std::env::temp_dir().join(name));
            for (path, text) in files {
                installed.file(path, text.as_bytes());
            }
            installed
        }

        fn file(&self, path: &str, content: &[u8]) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }

        fn folders(&self) -> [PathBuf; 1] {
            [self.0.clone()]
        }
    }

    impl Drop for Installed {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const METADATA: &str = "Metadata-Version: 2.1\nName: Py_JWT\nRequires-Dist: a-b; extra == \"x\"\n\
                            Requires-Dist: c>=1\n\nRequires-Dist: told-in-the-description\n";

    #[test]
    fn a_module_comes_from_the_distribution_that_lists_it() {
        let installed = Installed::new(
            "lists",
            &[
                ("jwt/__init__.py", ""),
                ("PyJWT-2.dist-info/METADATA", METADATA),
                ("PyJWT-2.dist-info/RECORD", "jwt/__init__.py,,\n"),
                ("old.py", ""),
                ("old-1.egg-info/PKG-INFO", "Name: Old.Thing\n"),
                ("old-1.egg-info/top_level.txt", "old\nolder\n"),
                ("by_hand.py", ""),
                ("broken-1.dist-info/RECORD", "broken.py,,\n"),
                ("nameless-1.dist-info/METADATA", "Version: 1\n"),
            ],
        );
        let folders = installed.folders();
        let jwt = providing("jwt", &folders);
        assert_eq!(jwt.len(), 1);
        assert_eq!((&jwt[0].folder, &jwt[0].modules[..]), (&installed.0, &["jwt".to_owned()][..]));
        let requirements: Vec<_> =
            jwt[0].requirements.iter().map(|it| (it.name.as_str(), it.is_extra)).collect();
        assert_eq!(requirements, [("a-b", true), ("c", false)]);
        assert!(Arc::ptr_eq(&named("py-jwt", &folders).unwrap(), &jwt[0]));
        assert_eq!(providing("old", &folders)[0].modules, ["old", "older"]);
        assert_eq!(named("old-thing", &folders).unwrap().modules, ["old", "older"]);
        let by_hand = providing("by_hand", &folders);
        assert_eq!((by_hand.len(), &by_hand[0].modules[..]), (1, &["by_hand".to_owned()][..]));
        assert!(by_hand[0].requirements.is_empty());
        assert!(providing("jwt", &[]).is_empty() && providing("none", &folders).is_empty());
        assert!(named("broken", &folders).is_none());
        assert!(providing("jwt", &[installed.0.join("none")]).is_empty());
    }

    #[test]
    fn the_first_folder_that_has_a_module_counts_and_a_namespace_may_be_shared() {
        let metadata = |name: &str| format!("Name: {name}\n");
        let [one, two] = ["one", "two"].map(metadata);
        let first = Installed::new(
            "first",
            &[
                ("shared/a.py", ""),
                ("one-1.dist-info/METADATA", &one),
                ("one-1.dist-info/top_level.txt", "shared"),
                ("two-1.dist-info/METADATA", &two),
                ("two-1.dist-info/top_level.txt", "shared"),
            ],
        );
        let second = Installed::new("second", &[("shared.py", ""), ("other.py", "")]);
        let folders = [first.0.clone(), second.0.clone()];
        assert_eq!(providing("shared", &folders).len(), 2);
        assert_eq!(providing("other", &folders)[0].folder, second.0);
        let folders = [second.0.clone(), first.0.clone()];
        assert_eq!(providing("shared", &folders)[0].folder, second.0);
        assert!(named("two", &folders).is_some());
    }

    #[test]
    fn a_folder_is_read_again_when_it_has_changed() {
        let installed = Installed::new("changes", &[("a.py", "")]);
        let folders = installed.folders();
        let before = known(&installed.0).unwrap();
        assert!(Arc::ptr_eq(&before, &known(&installed.0).unwrap()));
        assert!(providing("b", &folders).is_empty());
        installed.file("b.py", b"");
        // Whatever the clock of the file system says.
        let later = SystemTime::now() + std::time::Duration::from_secs(3600);
        fs::File::open(&installed.0).unwrap().set_modified(later).unwrap();
        assert_eq!(providing("b", &folders).len(), 1);
        assert!(!Arc::ptr_eq(&before, &known(&installed.0).unwrap()));
    }

    #[test]
    fn sources_are_looked_at_until_one_is_what_is_wanted() {
        let installed = Installed::new(
            "sources",
            &[
                ("own/deep/a.py", "import x\n"),
                ("own/b.txt", "import y\n"),
                ("single.py", "import z\n"),
                ("other/c.py", "import y\n"),
            ],
        );
        let modules = ["own", "single"].map(str::to_owned).to_vec();
        let distribution = Distribution::new(&installed.0, modules);
        let has = |wanted: &str| distribution.has_source(|text| text.contains(wanted));
        assert!(has("import x") && has("import z") && !has("import y"));
        let looks = std::cell::Cell::new(0);
        let any = |_: &str| {
            looks.set(looks.get() + 1);
            true
        };
        assert!(distribution.has_source(any));
        assert_eq!(looks.get(), 1, "the first one is enough");
    }

    #[test]
    fn compiled_parts_show_what_they_refuse() {
        let compiled = |name: &str, content: &str| {
            let installed = Installed::new(name, &[("own/part.so", content), ("own/a.py", "x")]);
            let found = Distribution::new(&installed.0, vec!["own".to_owned()]).compiled();
            (found.refuses, found.is_of_one_phase)
        };
        assert_eq!(compiled("plain", "nothing"), (false, false));
        for text in REFUSALS {
            assert_eq!(compiled("refuses", &format!("\0 {text} \0")), (true, false), "{text}");
        }
        assert_eq!(compiled("phase", "PyModule_Create2"), (false, true));
        assert_eq!(compiled("phases", "PyModule_Create2 PyModuleDef_Init"), (false, false));
        let text = format!("PyModule_Create2 {}", REFUSALS[0]);
        assert_eq!(compiled("both", &text), (true, true));
    }

    #[test]
    fn very_large_files_are_not_read() {
        let installed = Installed::new("large", &[("own.so", REFUSALS[0])]);
        let compiled =
            || Distribution::new(&installed.0, vec!["own".to_owned()]).compiled().refuses;
        let file = fs::OpenOptions::new().write(true).open(installed.0.join("own.so")).unwrap();
        assert!(compiled());
        file.set_len(LARGEST).unwrap();
        assert!(!compiled());
    }

    #[test]
    fn all_spellings_of_a_name_are_one() {
        for name in [" PyJWT ", "pyjwt", "PYJWT"] {
            assert_eq!(normalized(name), "pyjwt");
        }
        for name in ["a-b", "A_b", "a..B", "-a__b-"] {
            assert_eq!(normalized(name), "a-b");
        }
    }
}
