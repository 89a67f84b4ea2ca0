//! The records of all scripts, from before their first line runs until nothing of them is left: live scripts,
//! and others that the watchdog looks after too.

use std::ptr;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::entry_point::EntryPoint;
use super::script::ScriptInfo;

/// A leaf lock.
static RECORDS: Mutex<Vec<Weak<ScriptInfo>>> = Mutex::new(Vec::new());

/// Adds the record of a script.
pub fn add(script: &Arc<ScriptInfo>) {
    let mut records = RECORDS.lock();
    records.retain(|known| known.strong_count() > 0);
    records.push(Arc::downgrade(script));
}

/// Every script whose record is still there.
pub fn all() -> Vec<Arc<ScriptInfo>> {
    RECORDS.lock().iter().filter_map(Weak::upgrade).collect()
}

/// The script with this serial.
pub fn with_serial(serial: u64) -> Option<Arc<ScriptInfo>> {
    all().into_iter().find(|script| script.serial == serial)
}

/// The script this entry point belongs to; None when it is gone.
pub fn owner_of(entry_point: *const EntryPoint) -> Option<Arc<ScriptInfo>> {
    all().into_iter().find(|script| script.entry_points.each().any(|own| ptr::eq(own, entry_point)))
}

/// The scripts that the host can call, in the order of their ids.
pub fn live() -> Vec<Arc<ScriptInfo>> {
    let mut live = all();
    live.retain(|script| script.is_live());
    live.sort_by_key(|script| script.id);
    live
}

/// The one with the lowest id.
pub fn first_live() -> Option<Arc<ScriptInfo>> {
    live().into_iter().next()
}

/// The one with this serial.
pub fn live_with_serial(serial: u64) -> Option<Arc<ScriptInfo>> {
    with_serial(serial).filter(|script| script.is_live())
}
