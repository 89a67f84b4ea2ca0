//! The runtimes, in which scripts run, and how a script chooses one.

use crate::comments::{Comments, Setting};
use crate::config;
use crate::nearest::nearest;

/// The places a script can run in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// An interpreter of its own inside the hub's process.
    Sub,
    /// The main interpreter, in a namespace of its own.
    Main,
    /// An interpreter of its own with a lock of its own: it runs beside all others.
    OwnGil,
    /// A process of its own.
    Worker,
}

/// Every name and its runtime. A name without a runtime is known but not supported by this build.
const NAMES: [(&str, Option<Runtime>); 5] = [
    ("sub", Some(Runtime::Sub)),
    ("main", Some(Runtime::Main)),
    ("own-gil", OWN_GIL),
    ("worker", Some(Runtime::Worker)),
    ("remote", None),
];

/// From Python 3.12 on interpreters can have a lock of their own.
const OWN_GIL: Option<Runtime> = if cfg!(Py_3_12) { Some(Runtime::OwnGil) } else { None };

const VARIABLE: &str = "VH_PYTHON_RUNTIME";

impl Runtime {
    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|entry| entry.1 == Some(self)).map_or("", |entry| entry.0)
    }
}

/// The runtime a script asks for by its comment `# vh: runtime = main`.
pub fn wish(comments: &Comments) -> Result<Option<Runtime>, String> {
    let wish = comments.setting(Setting::Runtime).map(named).transpose();
    wish.map_err(|reason| format!("its comment \"# vh: runtime\" {reason}"))
}

/// The runtime of scripts that do not ask for one, which the environment may name.
pub fn default() -> Result<Runtime, String> {
    match config::text(VARIABLE)? {
        Some(name) => {
            named(&name).map_err(|reason| format!("the environment variable {VARIABLE} {reason}"))
        }
        None => Ok(Runtime::Sub),
    }
}

fn named(name: &str) -> Result<Runtime, String> {
    let usable = || {
        let names: Vec<_> = NAMES.iter().filter(|entry| entry.1.is_some()).map(|e| e.0).collect();
        names.join(" or ")
    };
    match NAMES.iter().find(|entry| entry.0.eq_ignore_ascii_case(name.trim())) {
        Some((_, Some(runtime))) => Ok(*runtime),
        Some(("own-gil", None)) => Err(format!(
            "asks for \"own-gil\", which needs Python 3.12 or newer; this library is built for \
             Python {}; use {}",
            env!("VH_PYTHON_VERSION"),
            usable()
        )),
        Some((_, None)) => {
            Err(format!("asks for {name:?}, which this version does not have; use {}", usable()))
        }
        None => {
            let meant = nearest(name, NAMES.iter().map(|entry| entry.0));
            let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
            Err(format!("says {name:?}, which is no runtime{meant}; use {}", usable()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vh_testing::with_variable;

    fn wish(source: &[u8]) -> Result<Option<Runtime>, String> {
        super::wish(&Comments::read(source))
    }

    #[test]
    fn the_comment_decides() {
        for source in ["# vh: runtime = main\n", "# vh: runtime = MAIN\n"] {
            assert_eq!(wish(source.as_bytes()), Ok(Some(Runtime::Main)));
        }
    }

    #[test]
    fn impossible_wishes_are_told() {
        assert!(wish(b"# vh: runtime = remote\n").unwrap_err().contains("does not have"));
        assert!(wish(b"# vh: runtime = fast\n").unwrap_err().contains("no runtime; use"));
        assert!(wish(b"# vh: runtime = mian\n").unwrap_err().contains("(did you mean main?)"));
    }

    #[test]
    fn a_runtime_has_the_name_by_which_it_is_chosen() {
        for (name, runtime) in
            [("sub", Runtime::Sub), ("main", Runtime::Main), ("worker", Runtime::Worker)]
        {
            assert_eq!(runtime.name(), name);
            assert_eq!(wish(format!("# vh: runtime = {name}").as_bytes()), Ok(Some(runtime)));
        }
        let own_gil = wish(b"# vh: runtime = own-gil");
        if cfg!(Py_3_12) {
            assert_eq!(own_gil, Ok(Some(Runtime::OwnGil)));
            assert_eq!(Runtime::OwnGil.name(), "own-gil");
        } else {
            let told = own_gil.unwrap_err();
            assert!(
                told.ends_with(
                    "which needs Python 3.12 or newer; this library is built for Python 3.11; \
                use sub or main or worker"
                ) || !told.contains("3.11"),
                "{told}"
            );
            assert_eq!(Runtime::OwnGil.name(), "");
        }
        assert_eq!(wish(b"import vh\n"), Ok(None));
    }

    #[test]
    fn the_environment_names_the_runtime_of_all_others() {
        let named = |name: &str| with_variable(VARIABLE, name, default);
        assert_eq!(default(), Ok(Runtime::Sub));
        assert_eq!((named("main"), named("Sub")), (Ok(Runtime::Main), Ok(Runtime::Sub)));
        let told = named("mian").unwrap_err();
        assert!(
            told.starts_with("the environment variable VH_PYTHON_RUNTIME says \"mian\""),
            "{told}"
        );
    }
}
