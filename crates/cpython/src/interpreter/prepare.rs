//! Prepares the main interpreter for scripts, when the first one comes that runs there.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use pyo3_ffi as ffi;

use super::enter::attached_here;
use super::threads::with_thread;
use super::{Interpreter, main};
use crate::{gil_state, report, scope};
use vh_core::panics::{catch, point};

/// Whether the main interpreter is ready for scripts.
static PREPARED: (Mutex<Preparation>, Condvar) =
    (Mutex::new(Preparation::NotAsked), Condvar::new());

#[derive(Clone, Copy, PartialEq, Eq)]
enum Preparation {
    NotAsked,
    Asked,
    Done,
    /// Preparing it failed by a fault of the library; it is tried again when somebody asks again.
    Failed,
}

/// Waits until somebody asks for the main interpreter, and prepares it. This runs on Python's main thread,
/// because `threading` must be imported on a thread state that is never deleted.
pub(super) fn prepare_when_asked() {
    let (preparation, changed) = &PREPARED;
    loop {
        changed.wait_while(&mut preparation.lock(), |now| *now != Preparation::Asked);
        let prepared = catch(point!("preparing the main interpreter"), prepare_here);
        let is_done = matches!(prepared, Ok(true));
        *preparation.lock() = if is_done { Preparation::Done } else { Preparation::Failed };
        changed.notify_all();
        match prepared {
            Ok(true) => return,
            // The exception has been logged.
            Ok(false) => {}
            Err(caught) => caught.tell("it is tried again for the next script that needs it"),
        }
    }
}

/// Prepares it here; false when an exception was raised, which is logged.
fn prepare_here() -> bool {
    let entered = main().enter();
    let attached = entered.attached();
    let prepared = attached.import(c"threading").and_then(|_| scope::prepare_main(attached));
    prepared
        .map_err(|raised| report::log(attached, raised, "", "preparing the main interpreter"))
        .is_ok()
}

/// The main interpreter, ready to run scripts' code; only after `start`. It is prepared at the first call,
/// because most hubs never need that.
pub fn main_for_scripts() -> Result<&'static Arc<Interpreter>, String> {
    let (preparation, changed) = &PREPARED;
    // A host that embeds Python itself may have the main interpreter attached.
    let outermost = with_thread(|thread| thread.frames.last().copied());
    let seen = gil_state::get();
    let suspended = attached_here(outermost, seen);
    if suspended.is_some() {
        // SAFETY: attached to this thread, as `attached_here` says, and entered again below.
        unsafe { ffi::PyEval_SaveThread() };
    }
    let mut now = preparation.lock();
    if matches!(*now, Preparation::NotAsked | Preparation::Failed) {
        *now = Preparation::Asked;
        changed.notify_all();
    }
    changed.wait_while(&mut now, |now| *now == Preparation::Asked);
    let is_done = *now == Preparation::Done;
    drop(now);
    if let Some(suspended) = suspended {
        // SAFETY: what this thread left above.
        unsafe { ffi::PyEval_RestoreThread(suspended) };
        gil_state::set(seen);
    }
    let failed = || "the main interpreter cannot be prepared by a fault of the library";
    if is_done { Ok(main()) } else { Err(failed().to_owned()) }
}
