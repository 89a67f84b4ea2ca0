//! Where a script runs, and how it says so.

/// The places a script can run in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// An interpreter of its own inside the hub's process.
    Sub,
    /// The main interpreter, in a namespace of its own.
    Main,
    /// An interpreter of its own with a lock of its own: it runs beside all others.
    OwnGil,
}

/// Names and what they mean; a name without a runtime is known but not built yet.
const NAMES: [(&str, Option<Runtime>); 5] = [
    ("sub", Some(Runtime::Sub)),
    ("main", Some(Runtime::Main)),
    ("own-gil", OWN_GIL),
    ("worker", None),
    ("remote", None),
];

/// Interpreters can have a lock of their own from Python 3.12 on.
const OWN_GIL: Option<Runtime> = if cfg!(Py_3_12) { Some(Runtime::OwnGil) } else { None };

/// Lines of a script in which it may say where it wants to run.
const HEADER_LINES: usize = 20;
const VARIABLE: &str = "VH_PYTHON_RUNTIME";

/// The runtime of a script: its own wish (`# vh: runtime = main`), else the environment's, else
/// `sub`. The error says whose wish cannot be met and why.
pub fn choose(source: &[u8]) -> Result<Runtime, String> {
    if let Some(wish) = wish(source) {
        return named(&wish).map_err(|reason| format!("its comment \"# vh: runtime\" {reason}"));
    }
    match std::env::var(VARIABLE) {
        Ok(name) if !name.is_empty() => {
            named(&name).map_err(|reason| format!("the environment variable {VARIABLE} {reason}"))
        }
        _ => Ok(Runtime::Sub),
    }
}

fn named(name: &str) -> Result<Runtime, String> {
    let usable = || {
        let names: Vec<_> = NAMES.iter().filter(|entry| entry.1.is_some()).map(|e| e.0).collect();
        names.join(" or ")
    };
    match NAMES.iter().find(|entry| entry.0 == name) {
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
        None => Err(format!("says {name:?}, which is no runtime; use {}", usable())),
    }
}

/// The value of the comment `# vh: runtime = value` among the first lines.
fn wish(source: &[u8]) -> Option<String> {
    source.split(|&byte| byte == b'\n').take(HEADER_LINES).find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let comment = line.trim_start_matches('\u{FEFF}').trim().strip_prefix('#')?;
        let setting = comment.trim_start_matches('#').trim().strip_prefix("vh:")?;
        let (key, value) = setting.split_once('=')?;
        (key.trim() == "runtime").then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_decides() {
        for source in [
            "# vh: runtime = main\n",
            "#!/usr/bin/python3\n#vh:runtime=main\r\nimport vh\n",
            "\u{FEFF}# vh: runtime = main\n",
        ] {
            assert_eq!(choose(source.as_bytes()), Ok(Runtime::Main), "{source:?}");
        }
    }

    #[test]
    fn only_comments_of_the_first_lines_count() {
        for source in ["x = '# vh: runtime = main'\n", &("\n".repeat(20) + "# vh: runtime = main")]
        {
            assert_eq!(wish(source.as_bytes()), None, "{source:?}");
        }
    }

    #[test]
    fn impossible_wishes_are_told() {
        assert!(choose(b"# vh: runtime = worker\n").unwrap_err().contains("does not have"));
        assert!(choose(b"# vh: runtime = fast\n").unwrap_err().contains("no runtime"));
    }
}
