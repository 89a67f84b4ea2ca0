//! Makes a busy sub-interpreter give way before Python 3.13.
//!
//! Interpreters that share the lock ask for it by a flag in their own state, so a busy script never notices
//! that another interpreter waits. Therefore each such interpreter has a small thread that knocks from
//! inside: it asks for the lock and gives it back. The thread rests while the script neither runs nor has
//! threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3_ffi as ffi;
use pyo3_ffi::{PyInterpreterState, PyThreadState};

use super::interpreter::Activity;
use vh_core::panics::{point, strike};
use vh_core::spawn;

/// The time between two knocks.
const KNOCK: Duration = Duration::from_millis(1);
/// How long we wait for the thread to start.
const LONGEST_START: Duration = Duration::from_secs(1);
/// The time between two looks, while it rests, whether the script has something to do again.
const REST: Duration = Duration::from_millis(20);

/// The knocking thread of one interpreter.
#[derive(Debug)]
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    activity: Arc<Activity>,
    thread_state: AtomicPtr<PyThreadState>,
    stop: AtomicBool,
}

/// The interpreter, for the ticker's thread.
struct State(*mut PyInterpreterState);

// SAFETY: the ticker is stopped before the interpreter ends.
unsafe impl Send for State {}

impl Ticker {
    /// Starts knocking in an interpreter. If there is no thread for that, nobody knocks, and scripts may have
    /// to wait for each other.
    pub fn new(state: *mut PyInterpreterState) -> Ticker {
        let shared = Arc::new(Shared {
            activity: Arc::default(),
            thread_state: AtomicPtr::default(),
            stop: AtomicBool::new(false),
        });
        let state = State(state);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let run = {
            let shared = Arc::clone(&shared);
            move || shared.run(&state, &ready)
        };
        let is_wanted = {
            let shared = Arc::clone(&shared);
            move || !shared.stop.load(Ordering::Acquire)
        };
        let thread = spawn::lasting(point!("python-ticker"), is_wanted, run);
        match &thread {
            // The ticker's thread state must be known before anybody counts those of the script. But a thread
            // that dies again and again is not waited for.
            Ok(_) => drop(is_ready.recv_timeout(LONGEST_START)),
            Err(error) => {
                tracing::error!("no thread to keep busy scripts from delaying others: {error}");
            }
        }
        Ticker { shared, thread: Mutex::new(thread.ok()) }
    }

    /// The activity it watches.
    pub fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.shared.activity)
    }

    /// Its own thread state, or NULL.
    pub fn thread_state(&self) -> *mut PyThreadState {
        self.shared.thread_state.load(Ordering::Acquire)
    }

    /// Ends it. No interpreter may be attached to the calling thread.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            thread.thread().unpark();
            // If it died, that has been logged.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// The thread's work. When it has died, it may be run again.
    fn run(&self, state: &State, ready: &Sender<()>) {
        let mut thread_state = self.thread_state.load(Ordering::Acquire);
        if thread_state.is_null() {
            // SAFETY: the interpreter is alive until `stop` has joined this thread.
            thread_state = unsafe { ffi::PyThreadState_New(state.0) };
            self.thread_state.store(thread_state, Ordering::Release);
        }
        // `new` waits for this.
        let _ = ready.send(());
        self.knock(state, thread_state);
        // SAFETY: the thread state is this thread's own, and the interpreter still alive.
        unsafe {
            ffi::PyEval_RestoreThread(thread_state);
            ffi::PyThreadState_Clear(thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
    }

    fn knock(&self, state: &State, thread_state: *mut PyThreadState) {
        let mut seen = 0;
        let mut has_threads = true;
        while !self.stop.load(Ordering::Acquire) {
            let calls = self.activity.calls.load(Ordering::Relaxed);
            let inside = self.activity.inside.load(Ordering::Relaxed) > 0;
            let called = calls != seen;
            if !inside && !called && !has_threads {
                std::thread::park_timeout(REST);
                continue;
            }
            seen = calls;
            std::thread::park_timeout(KNOCK);
            // SAFETY: the thread state is this thread's own.
            unsafe { ffi::PyEval_RestoreThread(thread_state) };
            let knock = Knock;
            strike!("python-ticker, inside of its interpreter");
            has_threads = threads(state) > WITHOUT_THREADS;
            drop(knock);
        }
    }
}

/// The ticker's thread has the interpreter's lock.
struct Knock;

impl Drop for Knock {
    fn drop(&mut self) {
        // SAFETY: attached by who made it.
        unsafe { ffi::PyEval_SaveThread() };
    }
}

/// How many thread states an interpreter has whose script has no threads: its first one, the ticker's, and
/// that of the host's thread. If more threads of the host come, that only means a few needless knocks.
const WITHOUT_THREADS: usize = 3;

/// Counts the thread states of the interpreter, which is attached.
fn threads(state: &State) -> usize {
    let mut count = 0;
    // SAFETY: attached, so that the list does not change under the walk.
    unsafe {
        let mut thread_state = ffi::PyInterpreterState_ThreadHead(state.0);
        while !thread_state.is_null() {
            count += 1;
            thread_state = ffi::PyThreadState_Next(thread_state);
        }
    }
    count
}
