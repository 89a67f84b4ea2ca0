//! The back ends whose processes live.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::backend::Backend;

static LIVING: Mutex<Vec<Arc<Backend>>> = Mutex::new(Vec::new());

/// Adds one that has been started.
pub fn add(backend: Arc<Backend>) {
    LIVING.lock().push(backend);
}

/// Takes one out that has ended.
pub fn remove(number: u32) {
    LIVING.lock().retain(|backend| backend.number() != number);
}

/// All of them.
pub fn all() -> Vec<Arc<Backend>> {
    LIVING.lock().clone()
}

/// The one that has this number.
pub fn of_number(number: u32) -> Option<Arc<Backend>> {
    LIVING.lock().iter().find(|backend| backend.number() == number).cloned()
}

/// The one of this script that takes calls.
pub fn of_script(path: &Path) -> Option<Arc<Backend>> {
    LIVING.lock().iter().find(|backend| backend.path() == path && backend.takes_calls()).cloned()
}
