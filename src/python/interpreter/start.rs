//! Starting Python, and the main interpreter.

use std::ffi::CStr;
use std::ptr;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::Interpreter;
use super::create::{NEEDS_TICKER, set_switch_interval};
use super::enter::attached_state;
use super::prepare::prepare_when_asked;
use crate::panics::{catch, point, strike};
use crate::python::init::{self, Started};
use crate::python::object::Attached;
use crate::python::ticker::Ticker;
use crate::python::{gil_state, priming, report, waiting};
use crate::spawn;

static MAIN: OnceLock<Arc<Interpreter>> = OnceLock::new();

/// Starts Python at the first call; afterwards it is left and ready to be entered.
///
/// It is started on a thread of its own that stays: Python then never takes a thread of the host
/// for its main thread, so that scripts cannot set signal handlers.
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
        // The receiver waits for this message.
        let _ = report.send(started);
        if has_started {
            prepare_when_asked();
        }
        // Python takes this thread for its main thread.
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
        import_early(attached);
        priming::at_start(attached);
        waiting::take_place(attached);
        set_switch_interval(attached);
        strike!("starting Python: the main interpreter");
        MAIN.get_or_init(|| main);
    }
    Ok(())
}

/// Leaves the main interpreter when Python has been started, or could not: with what
/// `PyGILState_Ensure` gave, if that is how it was entered.
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

/// Imports what keeps scripts apart from the process and each other: `_signal` takes SIGINT over at
/// its first import, which is put back; `_datetime` here keeps several modules from crashing in own-gil
/// interpreters. Only the C modules, because what imports them takes more memory than a script.
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
