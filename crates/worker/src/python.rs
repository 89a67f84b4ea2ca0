//! The Pythons of the machine, and our part of what they run.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};

use parking_lot::Mutex;
use rustix::fs::{MemfdFlags, SealFlags};
use vh_core::error::{Code, Error};
use vh_core::parts;

use crate::sigpipe;

/// The module that back ends are made with.
const BRIDGE: &str = include_str!("../python/bridge_runtime.py");
/// The beginning and the end of the module that runs scripts; what all runtimes share stands between them.
const WORKER: [&str; 2] =
    [include_str!("../python/vh_worker_head.py"), include_str!("../python/vh_worker.py")];

/// What Python runs first: it makes the modules from the file whose number it is given, and hands over to the
/// last one. The file has the magic number of a Python, the lengths of the modules' code compiled for that
/// Python, the code, and behind it a ZIP archive with the sources. The archive is on the path under a name that
/// holds as long as this process lives: from there another Python imports the modules, and so do processes
/// that the script starts by `multiprocessing`.
const FIRST: &str = "
import marshal, os, sys
import _frozen_importlib as importing
import _frozen_importlib_external as files

def first():
    number, names = int(sys.argv[1]), ['bridge_runtime', 'vh_worker']
    if sys.argv[2] != 'script':
        names.pop()
    archive = f'/proc/{os.getppid()}/fd/{number}'
    sys.path.append(archive)
    head = os.pread(number, 20, 0)
    if head[:4] != files.MAGIC_NUMBER:
        return [__import__(name) for name in names][-1]
    at = len(head)
    for place, name in enumerate(names):
        size, code = int.from_bytes(head[4 + 8 * place : 12 + 8 * place], 'little'), b''
        while len(code) < size:
            code += os.pread(number, size - len(code), at + len(code))
        at += size
        file = f'{archive}/{name}.py'
        module = type(sys)(name)
        module.__file__ = file
        module.__spec__ = importing.ModuleSpec(name, files.SourceFileLoader(name, file))
        sys.modules[name] = module
        exec(marshal.loads(code), module.__dict__)
    os.close(number)
    return module

sys.argv[1:] = [first(), *sys.argv[2:]]
sys.argv.pop(1).main()
";

/// What a Python prints that compiles the modules: what is to be in the file. It reads a JSON object with their
/// sources.
const COMPILE: &str = "
import io, json, marshal, sys, zipfile
import _frozen_importlib_external as files
sources = json.load(sys.stdin.buffer)
codes = [
    marshal.dumps(compile(source, name + '.py', 'exec', dont_inherit=True))
    for name, source in sources.items()
]
archive = io.BytesIO()
with zipfile.ZipFile(archive, 'w') as file:
    for name, source in sources.items():
        file.writestr(name + '.py', source)
lengths = b''.join(len(code).to_bytes(8, 'little') for code in codes)
out = sys.stdout.buffer
out.write(files.MAGIC_NUMBER + lengths + b''.join(codes) + archive.getvalue())
out.flush()
";

/// The oldest Python that runs back ends.
const OLDEST: (u32, u32) = (3, 8);

/// A file in memory with the module, sealed, for children of one Python to inherit.
pub fn module(python: &OsStr) -> Result<BorrowedFd<'static>, Error> {
    // As few as there are Pythons; they stay, because a child may be starting.
    static FILES: Mutex<Vec<(OsString, &'static OwnedFd)>> = Mutex::new(Vec::new());
    let known = FILES.lock().iter().find(|(name, _)| name == python).map(|(_, file)| *file);
    if let Some(file) = known {
        return Ok(file.as_fd());
    }
    let made = make_module(&compiled(python)?).map_err(|reason| {
        let message = format!("no file in memory for what Python runs: {reason}");
        Error::new(Code::Unavailable, message)
    })?;
    let made: &OwnedFd = Box::leak(Box::new(made));
    FILES.lock().push((python.to_owned(), made));
    Ok(made.as_fd())
}

/// What is to be in the file, made by a Python.
fn compiled(python: &OsStr) -> Result<Vec<u8>, Error> {
    check_version(python)?;
    let failed = |error: &std::io::Error| not_started(python, error);
    let mut child = Command::new(python)
        .args(["-S", "-E", "-c", COMPILE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    // It reads all before it writes, so the pipes do not fill both.
    let written = child
        .stdin
        .take()
        .map(|mut input| sigpipe::held_back(|| input.write_all(&sources()), sigpipe::is_broken));
    let done = child.wait_with_output().map_err(|error| failed(&error))?;
    if !done.status.success() || !matches!(written, Some(Ok(()))) || done.stdout.len() < 12 {
        let name = python.to_string_lossy();
        let message = format!("{name} could not compile what back ends need: {}", done.status);
        return Err(Error::new(Code::Unavailable, message));
    }
    Ok(done.stdout)
}

/// The modules' sources, as a JSON object.
fn sources() -> Vec<u8> {
    let [head, rest] = WORKER;
    let parts = parts::ALL.map(|part| part.trim_end_matches('\0'));
    let worker = [&[head], &parts[..], &[rest]].concat().join("\n");
    let mut text = b"{\"bridge_runtime\":".to_vec();
    vh_core::json::write_text(&mut text, BRIDGE);
    text.extend_from_slice(b",\"vh_worker\":");
    vh_core::json::write_text(&mut text, &worker);
    text.push(b'}');
    text
}

fn check_version(python: &OsStr) -> Result<(), Error> {
    let version = version(python)?;
    let mut numbers = version.trim_start_matches("Python ").split('.').map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        let message = format!("{} says it is {version:?}", python.to_string_lossy());
        return Err(Error::new(Code::Unavailable, message));
    };
    if (major, minor) < OLDEST {
        let name = python.to_string_lossy();
        let message = format!("{name} is {version}; back ends need Python 3.8 or newer");
        return Err(Error::new(Code::Unavailable, message));
    }
    Ok(())
}

fn make_module(compiled: &[u8]) -> std::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = std::fs::File::from(rustix::fs::memfd_create("bridge_runtime.py", flags)?);
    file.write_all(compiled)?;
    rustix::fs::fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(file.into())
}

/// What a Python is started for.
#[derive(Clone, Copy, Debug)]
pub enum Task {
    /// A script with our module.
    Serve,
    /// A script with a module of its own.
    Script,
    /// A script of a hub.
    Hub,
    /// Code that is executed once.
    Execute,
}

/// The arguments with which a Python is started for a task, which needs some more.
pub fn arguments(module: BorrowedFd, task: Task, more: &[&OsStr]) -> Vec<OsString> {
    let number = module.as_raw_fd().to_string();
    let ours = match task {
        Task::Script => Vec::new(),
        Task::Serve => vec!["-c", FIRST, &number, "serve"],
        Task::Hub => vec!["-c", FIRST, &number, "script"],
        Task::Execute => vec!["-c", FIRST, &number, "execute"],
    };
    ours.into_iter().map(OsString::from).chain(more.iter().map(OsString::from)).collect()
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
