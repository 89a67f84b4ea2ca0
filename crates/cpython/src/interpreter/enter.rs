//! Entering interpreters and leaving them, in any order.
//!
//! A thread never holds two interpreters at once: entering the second one leaves the first. So calls may nest
//! in any order (script → hub → other script → hub → first script), and the locks of interpreters need no
//! order.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::threads::{Frame, Thread, this_thread};
use super::{Activity, Interpreter};
use crate::gil_state;
use crate::object::Attached;
use vh_core::panics::strike;

impl Interpreter {
    /// Attaches this interpreter to this thread until the guard is dropped.
    ///
    /// The interpreter must not end meanwhile, so callers enter its script first (`vh_core::revocable`).
    pub fn enter(self: &Arc<Self>) -> Entered<'_> {
        assert!(!self.ended.load(Ordering::Acquire), "entering an interpreter that has ended");
        let thread = this_thread();
        // SAFETY: only this thread uses its record, and the borrow ends here.
        let (outermost, found) = unsafe { (*thread).look_up(self.serial) };
        // This is read first because, up to 3.11, making a thread state sets it, and what is put back at the
        // end must not outlive that thread state.
        let seen_before = gil_state::get();
        let suspended = attached_here(outermost, seen_before);
        let thread_state = found.unwrap_or_else(|| self.new_thread_state());
        if suspended != Some(thread_state) {
            // SAFETY: what is attached to this thread is left before the next one is entered, and
            // entered again when the guard is dropped. The thread state is this thread's, and its interpreter
            // has not ended: callers count themselves into its script.
            unsafe {
                if suspended.is_some() {
                    ffi::PyEval_SaveThread();
                }
                ffi::PyEval_RestoreThread(thread_state);
            }
            gil_state::set(thread_state);
        }
        // SAFETY: the same record again; nothing else borrows it.
        unsafe { (*thread).frames.push(Frame { thread_state, serial: self.serial }) };
        self.activity.enter();
        let entered = Entered {
            thread,
            activity: &self.activity,
            thread_state,
            suspended,
            seen_before,
            not_send: PhantomData,
        };
        strike!("an interpreter was entered");
        entered
    }
}

/// An interpreter that is attached to this thread. Dropping this leaves the interpreter and attaches again
/// what was attached before.
#[derive(Debug)]
pub struct Entered<'i> {
    /// The record of this thread.
    thread: *mut Thread,
    activity: &'i Activity,
    thread_state: *mut PyThreadState,
    suspended: Option<*mut PyThreadState>,
    /// What the PyGILState functions saw before.
    seen_before: *mut PyThreadState,
    not_send: PhantomData<*mut ()>,
}

impl Entered<'_> {
    /// The proof of attachment, which everything that works with objects asks for.
    pub fn attached(&self) -> Attached<'_> {
        // SAFETY: `enter` attached it to this thread, which the guard cannot leave, until the guard is dropped;
        // `'_` ends before.
        unsafe { Attached::assume() }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.activity.leave();
        // SAFETY: the record of this thread, which the value cannot leave.
        unsafe { (*self.thread).frames.pop() };
        if self.suspended == Some(self.thread_state) {
            return;
        }
        // SAFETY: `enter` attached this thread state; what it left is entered again.
        unsafe {
            ffi::PyEval_SaveThread();
            if let Some(suspended) = self.suspended {
                ffi::PyEval_RestoreThread(suspended);
            }
        }
        gil_state::set(self.seen_before);
    }
}

/// Leaves the attached interpreter while `body` runs, for calls to the host.
pub fn detached<R>(_: Attached<'_>, body: impl FnOnce() -> R) -> R {
    struct Again(*mut PyThreadState);
    impl Drop for Again {
        fn drop(&mut self) {
            // SAFETY: the thread state that was attached before `body`.
            unsafe { ffi::PyEval_RestoreThread(self.0) };
            if gil_state::get() != self.0 {
                gil_state::set(self.0);
            }
        }
    }
    // SAFETY: attached, as the argument proves; its borrower cannot use objects meanwhile because
    // `body` cannot get hold of the proof.
    let again = Again(unsafe { ffi::PyEval_SaveThread() });
    strike!("an interpreter was left");
    let result = body();
    drop(again);
    result
}

/// The thread state that is attached to this thread, or NULL.
pub(super) fn attached_state() -> *mut PyThreadState {
    // SAFETY: may be asked at any time once Python has been started, before which there is no interpreter to
    // be entered.
    unsafe { ffi::compat::PyThreadState_GetUnchecked() }
}

/// The thread state that is attached to this thread, if there is one: that of the outermost call, or one of a
/// host that embeds Python itself. `attached_state` alone is not enough, because up to 3.11 it may give
/// another thread's.
pub(super) fn attached_here(
    outermost: Option<Frame>,
    seen: *mut PyThreadState,
) -> Option<*mut PyThreadState> {
    let attached = attached_state();
    let own = outermost.map_or(seen, |frame| frame.thread_state);
    (!attached.is_null() && (cfg!(Py_3_12) || attached == own)).then_some(attached)
}
