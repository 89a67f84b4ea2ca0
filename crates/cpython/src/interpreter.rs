//! Interpreters: creating, entering, leaving and ending them, from any thread.
//!
//! This file says what an interpreter is, and keeps the list of all of them.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pyo3_ffi as ffi;
use pyo3_ffi::{PyInterpreterState, PyThreadState};

use super::ticker::Ticker;
use threads::Entry;

mod create;
mod enter;
mod janitor;
mod prepare;
mod start;
mod threads;
mod visits;

pub use create::Lock;
pub use enter::{Entered, detached};
pub use janitor::Janitor;
pub use prepare::main_for_scripts;
pub use start::{main, start};
pub use threads::inside_host_call;
pub use visits::{Visit, receiver_here, thread_frames};

/// An interpreter that can be entered.
#[derive(Debug)]
pub struct Interpreter {
    state: *mut PyInterpreterState,
    /// The thread state with which it was created. It is never used again, but stays until the end: on 3.11
    /// and 3.12 the process is aborted when a thread state is made and there is no other.
    first: *mut PyThreadState,
    /// Tells interpreters apart, for addresses are used again.
    serial: u64,
    /// The thread states that OS threads keep for this interpreter. A leaf lock: no other is taken while it
    /// is held, and no Python code runs.
    entries: Mutex<Vec<Arc<Entry>>>,
    /// Makes a busy script give way to others, on the versions of Python where it would not.
    ticker: Option<Ticker>,
    /// How many calls there were, and how many are inside.
    pub(super) activity: Arc<Activity>,
    ended: AtomicBool,
    /// How many threads are looking into it from outside, and whether no more may come.
    visitors: AtomicUsize,
    closing: AtomicBool,
    /// The thread state of the janitor that is taking it apart, or NULL.
    janitor: AtomicPtr<PyThreadState>,
}

/// What goes on in an interpreter, for its ticker.
#[derive(Debug, Default)]
pub struct Activity {
    /// How often it was entered.
    pub calls: AtomicU64,
    /// How many threads of the host are inside.
    pub inside: AtomicUsize,
}

impl Activity {
    // Both are called only with the interpreter attached, so no two threads write at once, and the addition
    // need not be atomic as a whole.

    #[inline]
    fn enter(&self) {
        self.calls.store(self.calls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.inside.store(self.inside.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline]
    fn leave(&self) {
        self.inside.store(self.inside.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }
}

// SAFETY: the interpreter state is only used through CPython functions that lock by themselves or
// while attached.
unsafe impl Send for Interpreter {}

// SAFETY: as above.
unsafe impl Sync for Interpreter {}

/// Every interpreter that can be entered. A leaf lock, as the one of `Interpreter::entries`.
static INTERPRETERS: Mutex<Vec<Weak<Interpreter>>> = Mutex::new(Vec::new());

impl Interpreter {
    fn adopt(
        state: *mut PyInterpreterState,
        ticker: Option<Ticker>,
        first: *mut PyThreadState,
    ) -> Arc<Interpreter> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let interpreter = Arc::new(Interpreter {
            state,
            first,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            entries: Mutex::new(Vec::new()),
            activity: ticker.as_ref().map(Ticker::activity).unwrap_or_default(),
            ticker,
            ended: AtomicBool::new(false),
            visitors: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            janitor: AtomicPtr::new(ptr::null_mut()),
        });
        let mut all = INTERPRETERS.lock();
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&interpreter));
        drop(all);
        interpreter
    }

    /// The address of its state, which tells it from others that exist at the same time.
    pub fn address(&self) -> usize {
        self.state as usize
    }
}

/// The address of the interpreter to which this thread belongs, if Python knows the thread, as it does those
/// that scripts start. It may be called in a signal handler: it reads two fields and takes no lock.
pub fn of_this_thread() -> Option<usize> {
    // SAFETY: may be asked at any time; the thread state of a thread stays as long as the thread runs
    // in Python.
    unsafe {
        let thread_state = ffi::PyGILState_GetThisThreadState();
        (!thread_state.is_null()).then(|| ffi::PyThreadState_GetInterpreter(thread_state) as usize)
    }
}

/// Whether the process has interpreters besides the main one, whoever made them.
pub fn has_others() -> bool {
    // SAFETY: the list is read under its own lock; the newest comes first, the main one last.
    unsafe { ffi::PyInterpreterState_Head() != ffi::PyInterpreterState_Main() }
}
