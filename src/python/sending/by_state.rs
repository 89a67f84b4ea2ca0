//! Up to Python 3.11: several threads may have the same number, so we make sure that the exception gets to
//! the right thread state.

use std::ptr;

use pyo3_ffi as ffi;
use pyo3_ffi::{PyObject, PyThreadState};

use super::{Receiver, innermost, is_importing, send_by_number};
use crate::python::object::Attached;
use crate::python::thread_state::ThreadState;

pub fn send(attached: Attached<'_>, receiver: Receiver, exception: *mut PyObject) -> bool {
    let Some(state) = state_of(attached, receiver) else {
        return true;
    };
    if is_importing(|| innermost(attached, state)) {
        return false;
    }
    deliver(attached, receiver, state, exception);
    true
}

pub fn deliver(
    attached: Attached<'_>,
    receiver: Receiver,
    state: *mut PyThreadState,
    exception: *mut PyObject,
) {
    // SAFETY: a thread state of the attached interpreter, here and below.
    let has_one = |state: *mut PyThreadState| unsafe { !sent(state).read().is_null() };
    if has_one(state) {
        return; // It is on its way.
    }
    let before: Vec<_> = all_states(attached).filter(|&state| has_one(state)).collect();
    send_by_number(attached, receiver.thread, exception);
    // A thread gets its own number when it begins, which may be at any moment. So only a new exception shows
    // to which thread state it was sent.
    let is_new = |other: &*mut PyThreadState| has_one(*other) && !before.contains(other);
    if !has_one(state)
        && let Some(other) = all_states(attached).find(is_new)
    {
        // SAFETY: both belong to the attached interpreter, so that their threads stand still.
        unsafe { sent(state).write(sent(other).replace(ptr::null_mut())) };
    }
}

pub fn is_shielded(attached: Attached<'_>, receiver: Receiver) -> bool {
    state_of(attached, receiver).is_some_and(|state| is_importing(|| innermost(attached, state)))
}

/// The receiver's thread state. If it is not known, it is the one of that number that runs Python code, for
/// then its thread has begun.
fn state_of(attached: Attached<'_>, receiver: Receiver) -> Option<*mut PyThreadState> {
    if !receiver.state.is_null() {
        return Some(receiver.state);
    }
    let has_code = |state: &*mut PyThreadState| innermost(attached, *state).is_some();
    states(attached, receiver.thread)
        .find(has_code)
        .or_else(|| states(attached, receiver.thread).next())
}

fn states(attached: Attached<'_>, thread: u64) -> impl Iterator<Item = *mut PyThreadState> {
    // SAFETY: a thread state of the attached interpreter.
    let number = |state: *mut PyThreadState| unsafe {
        (&raw const (*state.cast::<ThreadState>()).thread_id).read_volatile()
    };
    all_states(attached).filter(move |&state| number(state) == thread)
}

fn all_states(_: Attached<'_>) -> impl Iterator<Item = *mut PyThreadState> {
    let some = |state: *mut PyThreadState| (!state.is_null()).then_some(state);
    // SAFETY: attached, so that the list does not change before somebody else is.
    let first = unsafe { ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get()) };
    std::iter::successors(some(first), move |&state| {
        // SAFETY: as above; a thread state of the list.
        some(unsafe { ffi::PyThreadState_Next(state) })
    })
}

/// Where a thread state keeps an exception that was sent to it: a reference of its own, or NULL.
///
/// # Safety
/// A thread state that is there, of the attached interpreter.
unsafe fn sent(state: *mut PyThreadState) -> *mut *mut PyObject {
    // SAFETY: a thread state that is there, as the caller promises; `ThreadState` is how Python lays it out.
    unsafe { &raw mut (*state.cast::<ThreadState>()).sent }
}
