//! Creating sub-interpreters.

use std::ptr;
use std::sync::Arc;

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::enter::attached_state;
use super::{Interpreter, main};
use crate::object::Attached;
use crate::ticker::Ticker;
use crate::{gil_state, report};

/// The lock under which a sub-interpreter runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lock {
    /// The main interpreter's.
    Shared,
    /// Its own, from Python 3.12 on.
    Own,
}

impl Interpreter {
    /// Creates a sub-interpreter.
    pub fn create(lock: Lock) -> Result<Arc<Interpreter>, String> {
        let main = main().enter();
        // SAFETY: main is attached until `main` is dropped; the new thread state becomes current, so that its
        // interpreter is the attached one, and main's is put back.
        let created = unsafe {
            let outer = attached_state();
            let thread_state = create_sub(lock);
            if thread_state.is_null() {
                None
            } else {
                gil_state::set(thread_state);
                if lock == Lock::Own {
                    set_switch_interval(Attached::assume());
                }
                let state = ffi::PyThreadState_GetInterpreter(thread_state);
                let ticker = (lock == Lock::Shared && NEEDS_TICKER).then(|| Ticker::new(state));
                let interpreter = Interpreter::adopt(state, ticker, thread_state);
                switch_back(outer);
                gil_state::set(outer);
                Some(interpreter)
            }
        };
        drop(main);
        created.ok_or_else(|| "Python could not create a sub-interpreter".to_owned())
    }
}

/// Whether interpreters need tickers: before 3.13 one that waits for the shared lock asks nobody but itself
/// to give it away.
pub(super) const NEEDS_TICKER: bool = cfg!(not(Py_3_13));

/// NULL when it fails; else the new thread state is attached.
///
/// # Safety
/// The main interpreter is attached.
#[cfg(not(Py_3_12))]
unsafe fn create_sub(lock: Lock) -> *mut PyThreadState {
    match lock {
        // SAFETY: the main interpreter is attached, as the caller promises.
        Lock::Shared => unsafe { ffi::Py_NewInterpreter() },
        Lock::Own => ptr::null_mut(),
    }
}

/// NULL when it fails; else the new thread state is attached.
///
/// # Safety
/// The main interpreter is attached.
#[cfg(Py_3_12)]
unsafe fn create_sub(lock: Lock) -> *mut PyThreadState {
    let own = lock == Lock::Own;
    let config = ffi::PyInterpreterConfig {
        use_main_obmalloc: i32::from(!own),
        allow_fork: i32::from(!own),
        allow_exec: i32::from(!own),
        allow_threads: 1,
        allow_daemon_threads: 1,
        // From 3.13 on, extension modules that crash in a second interpreter can be refused
        // cleanly without hurting those of the standard library.
        check_multi_interp_extensions: i32::from(own || cfg!(Py_3_13)),
        gil: if own {
            ffi::PyInterpreterConfig_OWN_GIL
        } else {
            ffi::PyInterpreterConfig_SHARED_GIL
        },
    };
    let mut thread_state = ptr::null_mut();
    // SAFETY: the main interpreter is attached, as the caller promises; both pointers are local variables.
    unsafe {
        let status = ffi::Py_NewInterpreterFromConfig(&raw mut thread_state, &raw const config);
        if ffi::PyStatus_Exception(status) != 0 { ptr::null_mut() } else { thread_state }
    }
}

/// Leaves the interpreter just created and attaches `outer` again.
///
/// # Safety
/// The interpreter is attached to this thread, and `outer` is what was before.
unsafe fn switch_back(outer: *mut PyThreadState) {
    // SAFETY: both are this thread's, as the caller promises. From 3.12 on the two may have different locks.
    unsafe {
        if cfg!(Py_3_12) {
            ffi::PyEval_SaveThread();
            ffi::PyEval_RestoreThread(outer);
        } else {
            ffi::PyThreadState_Swap(outer);
        }
    }
}

/// How long, in seconds, a busy thread keeps the lock when others want it; Python's default is 0.005. The
/// hub's thread waits that long beside a busy script, and before 3.13 several times as long, because the
/// ticker's turn comes first. With this value two busy threads lose a few percent to switching.
const SWITCH_INTERVAL: f64 = 0.0002;

/// Sets this time in the attached interpreter.
pub(super) fn set_switch_interval(attached: Attached<'_>) {
    let set = || {
        attached
            .import(c"sys")?
            .call_method(c"setswitchinterval", &[attached.float(SWITCH_INTERVAL)?])
    };
    if let Err(raised) = set() {
        report::log(attached, raised, "", "setting the switch interval");
    }
}
