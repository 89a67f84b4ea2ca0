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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;

    #[test]
    fn records_are_found_as_long_as_somebody_has_them() {
        let _hub = FakeHub::begin(|_| false);
        let (one, two) = (script(7, "a.py", ""), script(3, "b.py", ""));
        let serials = |scripts: Vec<Arc<ScriptInfo>>| {
            scripts.iter().map(|script| script.serial).collect::<Vec<_>>()
        };
        assert_eq!(serials(all()), [one.serial, two.serial]);
        assert!(live().is_empty() && first_live().is_none());
        one.set_live(true);
        assert_eq!(serials(live()), [one.serial]);
        two.set_live(true);
        assert_eq!(serials(live()), [two.serial, one.serial], "by their ids");
        assert_eq!(first_live().map(|script| script.id), Some(3));
        assert_eq!(with_serial(one.serial).map(|script| script.id), Some(7));
        assert!(with_serial(u64::MAX).is_none());
        two.set_live(false);
        assert!(live_with_serial(two.serial).is_none() && with_serial(two.serial).is_some());
        assert_eq!(live_with_serial(one.serial).map(|script| script.id), Some(7));
        let hook = two.entry_points.hook(0);
        assert_eq!(owner_of(hook).map(|script| script.id), Some(3));
        assert!(owner_of(ptr::null()).is_none());
        drop(two);
        assert_eq!(serials(all()), [one.serial]);
        let last = script(1, "c.py", "");
        assert_eq!(RECORDS.lock().len(), 2, "records that nobody has are forgotten");
        assert_eq!(serials(all()), [one.serial, last.serial]);
    }
}
