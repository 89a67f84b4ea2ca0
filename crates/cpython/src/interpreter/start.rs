//! Starts Python, and adopts the main interpreter.

use std::ffi::CStr;
use std::ptr;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::Interpreter;
use super::create::{NEEDS_TICKER, set_switch_interval};
use super::enter::attached_state;
use super::prepare::prepare_when_asked;
use crate::init::{self, Started};
use crate::object::Attached;
use crate::ticker::Ticker;
use crate::{gil_state, priming, report, waiting};
use vh_core::panics::{catch, point, strike};
use vh_core::spawn;

static MAIN: OnceLock<Arc<Interpreter>> = OnceLock::new();

/// Starts Python at the first call. Afterwards the main interpreter is left and ready to be entered.
///
/// Python is started on a thread of its own that stays parked. So Python never takes a thread of the host for
/// its main thread, and scripts cannot set signal handlers.
pub fn start() -> Result<(), String> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock();
    if MAIN.get().is_some() {
        return Ok(());
    }
    let (report, started) = std::sync::mpsc::channel();
    let run = move || {
        let started = catch(point!("starting Python"), start_here).unwrap_or_else(|caught| {
            caught.tell("Python is not started");
            Err(caught.what())
        });
        let has_started = started.is_ok();
        // This cannot fail, because the receiver waits for the message.
        let _ = report.send(started);
        if has_started {
            prepare_when_asked();
        }
        // The thread must stay, because Python takes it for its main thread.
        loop {
            std::thread::park();
        }
    };
    spawn::once(point!("python-main"), run)
        .map_err(|error| format!("no thread for it: {error}"))?;
    started.recv().map_err(|_| "its thread ended".to_owned())?
}

fn start_here() -> Result<(), String> {
    let started = init::start()?;
    // SAFETY: `Already` means the host embeds Python itself; taking its lock for the questions
    // below is what PyGILState_Ensure is for, and main is the interpreter it enters.
    unsafe {
        let ensured = (started == Started::Already).then(|| ffi::PyGILState_Ensure());
        let _leaves = Leaves(ensured);
        gil_state::find();
        let state = ffi::PyInterpreterState_Main();
        let ticker = NEEDS_TICKER.then(|| Ticker::new(state));
        let main = Interpreter::adopt(state, ticker, attached_state());
        let attached = Attached::assume();
        #[cfg(Py_3_12)]
        crate::thread_state::find_number(attached);
        import_early(attached);
        priming::at_start(attached);
        waiting::take_place(attached);
        set_switch_interval(attached);
        strike!("starting Python: the main interpreter");
        MAIN.get_or_init(|| main);
    }
    Ok(())
}

/// Leaves the main interpreter when dropped, whether Python could be started or not. It has what
/// `PyGILState_Ensure` gave, if the interpreter was entered that way.
struct Leaves(Option<ffi::PyGILState_STATE>);

impl Drop for Leaves {
    fn drop(&mut self) {
        // SAFETY: attached by `start_here`, on this thread.
        unsafe {
            match self.0 {
                Some(state) => ffi::PyGILState_Release(state),
                None => {
                    ffi::PyEval_SaveThread();
                    gil_state::set(ptr::null_mut());
                }
            }
        }
    }
}

/// Imports two modules before any script can. `_signal` takes over SIGINT at its first import, so the host's
/// handler is put back. `_datetime` must be imported here first, or several modules crash in own-gil
/// interpreters. Only these C modules are imported, because the Python modules over them take more memory
/// than a script.
fn import_early(attached: Attached<'_>) {
    let names: &[&CStr] = if cfg!(Py_3_12) { &[c"_signal", c"_datetime"] } else { &[c"_signal"] };
    // SAFETY: the structure is filled by the first call before the second reads it.
    unsafe {
        let mut host: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, ptr::null(), &raw mut host);
        for name in names {
            if let Err(raised) = attached.import(name) {
                report::log(attached, raised, "", &format!("importing {}", name.to_string_lossy()));
            }
        }
        libc::sigaction(libc::SIGINT, &raw const host, ptr::null_mut());
    }
}

/// The main interpreter; only after `start`.
pub fn main() -> &'static Arc<Interpreter> {
    MAIN.get().expect("start() came first")
}
