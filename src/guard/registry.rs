//! The scripts whose calls are watched, from before their first line runs until they are gone.

use std::ptr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Callee;
use crate::scripts::Context;

static SCRIPTS: Mutex<Vec<Weak<Context>>> = Mutex::new(Vec::new());

/// From now on calls of this script are known.
pub fn add(script: &Arc<Context>) {
    let mut scripts = SCRIPTS.lock();
    scripts.retain(|known| known.strong_count() > 0);
    scripts.push(Arc::downgrade(script));
}

/// Every script that is still there.
pub fn all() -> Vec<Arc<Context>> {
    SCRIPTS.lock().iter().filter_map(Weak::upgrade).collect()
}

/// The script with this serial.
pub fn with_serial(serial: u64) -> Option<Arc<Context>> {
    all().into_iter().find(|script| script.serial == serial)
}

/// The script this callee belongs to; None when it is gone.
pub fn owner_of(callee: *const Callee) -> Option<Arc<Context>> {
    all().into_iter().find(|script| script.callees.each().any(|own| ptr::eq(own, callee)))
}
