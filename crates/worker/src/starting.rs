//! One at a time starts the back end of a script; whoever wants the same one meanwhile waits for it.

use std::path::{Path, PathBuf};

use parking_lot::{Condvar, Mutex};

static PATHS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static HAS_ENDED: Condvar = Condvar::new();

/// Somebody starts the back end of this script, until it is dropped.
#[derive(Debug)]
pub struct Starting(PathBuf);

impl Starting {
    /// Waits until nobody else does.
    pub fn begin(path: &Path) -> Starting {
        let mut paths = PATHS.lock();
        while paths.iter().any(|other| other == path) {
            HAS_ENDED.wait(&mut paths);
        }
        paths.push(path.to_owned());
        Starting(path.to_owned())
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        PATHS.lock().retain(|path| *path != self.0);
        HAS_ENDED.notify_all();
    }
}
