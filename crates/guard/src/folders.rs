//! The folders of a script: where its modules are, and its virtual environment.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::script::ScriptInfo;

/// A virtual environment, and where it is named.
#[derive(Debug)]
pub struct Venv {
    /// Its folder.
    pub path: PathBuf,
    /// To be read before "is wrong".
    pub named_by: &'static str,
}

impl ScriptInfo {
    /// Its own folders, where its modules are: that of its file, and the hub's for scripts.
    pub fn folders(&self) -> Vec<PathBuf> {
        let own = self.path().parent().map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new(".").to_path_buf(),
            false => folder.to_path_buf(),
        });
        let shared = self.config_dir.as_deref();
        let shared = shared.map(|folder| Path::new(OsStr::from_bytes(folder)).join("scripts"));
        let folders = [own, shared].into_iter().flatten();
        folders.map(|folder| folder.canonicalize().unwrap_or(folder)).collect()
    }

    /// The virtual environment that the script names, or else the environment of the hub.
    pub fn venv(&self) -> Option<Venv> {
        let own = self.settings.venv.as_ref().map(|venv| Venv {
            path: self.path().parent().unwrap_or(Path::new(".")).join(venv),
            named_by: "its comment \"# vh: venv\"",
        });
        own.or_else(|| {
            let path = std::env::var_os("VH_PYTHON_VENV").filter(|path| !path.is_empty())?;
            Some(Venv { path: path.into(), named_by: "the environment variable VH_PYTHON_VENV" })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{script, script_at};
    use vh_host::fake_hub::FakeHub;
    use vh_testing::with_variable;

    #[test]
    fn modules_are_beside_the_script() {
        let _hub = FakeHub::begin(|_| false);
        let beside = script_at(0, PathBuf::from("a.py"), "").folders();
        assert_eq!(beside[0], std::env::current_dir().unwrap());
        let missing = PathBuf::from("/there/is/no/such/folder");
        assert_eq!(script(0, "a.py", "").folders()[0], missing);
    }

    #[test]
    fn the_environment_of_the_script_is_relative_to_it_and_comes_first() {
        let _hub = FakeHub::begin(|_| false);
        let venv = |text: &str| {
            with_variable("VH_PYTHON_VENV", "/hub/venv", || {
                script(0, "a.py", text).venv().map(|venv| venv.path)
            })
        };
        assert_eq!(venv(""), Some("/hub/venv".into()));
        let own = PathBuf::from("/there/is/no/such/folder/env");
        assert_eq!(venv("# vh: venv = env\n"), Some(own));
    }
}
