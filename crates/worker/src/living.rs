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

/// All of them. Those that have ended are forgotten.
pub fn all() -> Vec<Arc<Backend>> {
    let mut living = LIVING.lock();
    living.retain(|backend| backend.lives());
    living.clone()
}

/// The one that has this number.
pub fn of_number(number: u32) -> Option<Arc<Backend>> {
    all().into_iter().find(|backend| backend.number() == number)
}

/// The one of this script that takes calls.
pub fn of_script(path: &Path) -> Option<Arc<Backend>> {
    all().into_iter().find(|backend| backend.path() == path && backend.takes_calls())
}
