//! Interpreters whose script was unloaded. Each waits for the next load of the same script file.
//!
//! C code keeps pointers into its interpreter that nothing can sweep, so an interpreter serves one file all
//! its life. At unload the script's own code goes, and the libraries that it imported stay
//! (`support/sweeping.py`, `restoring.py`, `libraries.py`). If the script changed a library in a way that
//! cannot be taken back, its interpreter is not used again, and the log says so. Ending the interpreter each
//! time would lose up to a megabyte from 3.12 on, and take longer than loading the script.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::interpreter::{Interpreter, Lock};

/// How many interpreters wait at most. More scripts may be unloaded at once, but hardly for long.
const MOST: usize = 16;

/// What an interpreter serves: a script file, with the packages that it finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    path: PathBuf,
    lock: Lock,
    venv: Option<PathBuf>,
}

impl Home {
    /// The home of a script, with its virtual environment if it has one.
    pub fn new(path: &Path, lock: Lock, venv: Option<PathBuf>) -> Home {
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        Home { path: canonical(path), lock, venv: venv.as_deref().map(canonical) }
    }
}

struct Parked {
    home: Home,
    interpreter: Arc<Interpreter>,
    /// False if C extensions from outside the standard library are in it: ending it could leave them with
    /// pointers to what is gone.
    may_end: bool,
}

/// The interpreters that wait, the oldest first. A leaf lock.
static PARKED: Mutex<Vec<Parked>> = Mutex::new(Vec::new());

/// Takes the interpreter that waits for a script, if there is one. One that served the same file with other
/// packages will not be needed again.
pub fn take(home: &Home) -> Option<Arc<Interpreter>> {
    let mut parked = PARKED.lock();
    give_up(&mut parked, |other| other.path == home.path && other != home);
    let index = parked.iter().rposition(|parked| parked.home == *home)?;
    Some(parked.remove(index).interpreter)
}

/// Lets an interpreter wait for the next load of its script.
pub fn park(home: Home, interpreter: Arc<Interpreter>, may_end: bool) {
    PARKED.lock().push(Parked { home, interpreter, may_end });
}

/// Says that the script will not come back to the interpreter that waits for it.
pub fn forget(home: &Home) {
    give_up(&mut PARKED.lock(), |other| other.path == home.path);
}

/// Marks interpreters as waiting for nothing; `surplus` gives them out.
fn give_up(parked: &mut [Parked], is_gone: impl Fn(&Home) -> bool) {
    for one in parked.iter_mut().filter(|one| is_gone(&one.home)) {
        one.home.path = PathBuf::new();
    }
}

/// Takes the interpreters that wait for nothing any more, to be ended: the script's file is gone, the script
/// now uses other packages, or too many interpreters wait.
pub fn surplus() -> Vec<Arc<Interpreter>> {
    let mut parked = PARKED.lock();
    let mut surplus = Vec::new();
    let mut too_many = parked.len().saturating_sub(MOST);
    let all = std::mem::take(&mut *parked);
    for one in all {
        let is_gone = one.may_end && (too_many > 0 || !one.home.path.exists());
        if is_gone {
            too_many = too_many.saturating_sub(1);
            surplus.push(one.interpreter);
        } else {
            parked.push(one);
        }
    }
    surplus
}
