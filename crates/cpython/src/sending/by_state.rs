//! Up to Python 3.11: several threads may have the same number, so we make sure that the exception gets to
//! the right thread state.

use std::ptr;

use pyo3_ffi::{PyObject, PyThreadState};

use super::send_by_number;
use crate::object::Attached;
use crate::thread_state::{self, ThreadState};

/// Sends it to the thread state; nothing if there is none.
pub fn deliver(
    attached: Attached<'_>,
    thread: u64,
    state: Option<*mut PyThreadState>,
    exception: *mut PyObject,
) {
    let Some(state) = state else { return };
    // SAFETY: a thread state of the attached interpreter, here and below.
    let has_one = |state: *mut PyThreadState| unsafe { !sent(state).read().is_null() };
    if has_one(state) {
        return; // It is on its way.
    }
    let before: Vec<_> = thread_state::all(attached).filter(|&state| has_one(state)).collect();
    send_by_number(attached, thread, exception);
    // A thread gets its own number when it begins, which may be at any moment. So only a new exception shows
    // to which thread state it was sent.
    let is_new = |other: &*mut PyThreadState| has_one(*other) && !before.contains(other);
    if !has_one(state)
        && let Some(other) = thread_state::all(attached).find(is_new)
    {
        // SAFETY: both belong to the attached interpreter, so that their threads stand still.
        unsafe { sent(state).write(sent(other).replace(ptr::null_mut())) };
    }
}

/// Where a thread state keeps an exception that was sent to it: a reference of its own, or NULL.
///
/// # Safety
/// A thread state that is there, of the attached interpreter.
unsafe fn sent(state: *mut PyThreadState) -> *mut *mut PyObject {
    // SAFETY: a thread state that is there, as the caller promises; `ThreadState` is how Python lays it out.
    unsafe { &raw mut (*state.cast::<ThreadState>()).sent }
}
