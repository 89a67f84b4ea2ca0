//! The Pythons of the machine, and our part of what they run.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use rustix::fs::{MemfdFlags, SealFlags};
use vh_core::error::{Code, Error};

/// The module that back ends are made with.
const MODULE: &str = include_str!("../python/bridge_runtime.py");

/// What Python runs first: it makes the module from the file whose number it is given, and hands over to it.
const FIRST: &str = "
import os, sys
def first():
    number = int(sys.argv.pop(1))
    code = b''
    while True:
        piece = os.pread(number, 1 << 20, len(code))
        if not piece:
            break
        code += piece
    os.close(number)
    module = type(sys)('bridge_runtime')
    module.__file__ = 'bridge_runtime.py'
    sys.modules['bridge_runtime'] = module
    exec(compile(code, module.__file__, 'exec'), module.__dict__)
    return module.main
sys.exit(first()(sys.argv[1:]))
";

/// A file in memory with the module, sealed, for children to inherit.
pub fn module() -> Result<BorrowedFd<'static>, Error> {
    static FILE: OnceLock<Result<OwnedFd, String>> = OnceLock::new();
    let file = FILE.get_or_init(|| make_module().map_err(|error| error.to_string()));
    file.as_ref().map(|file| file.as_fd()).map_err(|reason| {
        Error::new(Code::Unavailable, format!("no file in memory for what Python runs: {reason}"))
    })
}

fn make_module() -> std::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = std::fs::File::from(rustix::fs::memfd_create("bridge_runtime.py", flags)?);
    file.write_all(MODULE.as_bytes())?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(file.into())
}

/// The arguments with which Python runs the module: its task, and what it needs for it.
pub fn arguments(module: BorrowedFd, task: &str, more: &[&OsStr]) -> Vec<OsString> {
    let number = module.as_raw_fd().to_string();
    let ours = ["-c", FIRST, &number, task].map(OsString::from);
    ours.into_iter().chain(more.iter().map(OsString::from)).collect()
}

/// Whether there is a Python 3 of this name.
pub fn has_python(python: &OsStr) -> bool {
    version(python).is_ok()
}

/// What a Python 3 says it is, such as `Python 3.11.5`.
pub fn version(python: &OsStr) -> Result<String, Error> {
    let ran = Command::new(python)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| not_started(python, &error))?;
    let text = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
    if ran.status.success() && text.starts_with("Python 3.") {
        return Ok(text);
    }
    // Python 2 tells its version on standard error.
    let said = format!("{text}{}", String::from_utf8_lossy(&ran.stderr).trim());
    let message = format!("{} is no Python 3: it says {said:?}", python.to_string_lossy());
    Err(Error::new(Code::Unavailable, message))
}

/// Why a Python could not be started, and what to do.
pub fn not_started(python: &OsStr, error: &std::io::Error) -> Error {
    let name = python.to_string_lossy();
    let message = if error.kind() == std::io::ErrorKind::NotFound {
        format!(
            "{name} was not found: install Python 3.8 or newer and put it on the PATH, or name its file"
        )
    } else {
        format!("{name} cannot be started: {error}")
    };
    Error::new(Code::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_are_told_from_what_is_none() {
        assert!(version(OsStr::new("python3")).unwrap().starts_with("Python 3."));
        assert!(has_python(OsStr::new("python3")));
        let missing = version(OsStr::new("no-such-python")).unwrap_err();
        assert_eq!(missing.code(), Code::Unavailable);
        assert!(missing.message().contains("no-such-python was not found"), "{missing:?}");
        let other = version(OsStr::new("/bin/true")).unwrap_err();
        assert!(other.message().contains("no Python 3"), "{other:?}");
        assert!(!has_python(OsStr::new("/bin/true")));
    }
}
