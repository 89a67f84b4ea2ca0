//! Thread states: those of an interpreter, and what is in them. Python has no function for some of that.
//!
//! The first fields of one are laid out here up to Python 3.11, versions that do not change any more. Of later
//! versions only one field is needed, which is looked for.

#[cfg(not(Py_3_12))]
use std::ffi::{c_int, c_ulong, c_void};
#[cfg(Py_3_12)]
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;
#[cfg(not(Py_3_12))]
use pyo3_ffi::{Py_tracefunc, PyObject};

use super::object::{Attached, Obj};

/// The beginning of a `PyThreadState`.
#[cfg(not(Py_3_12))]
#[repr(C)]
pub struct ThreadState {
    links: [*mut c_void; 3],
    #[cfg(not(Py_3_11))]
    frame: *mut c_void,
    #[cfg(not(Py_3_11))]
    numbers: [c_int; 3],
    #[cfg(Py_3_11)]
    numbers: [c_int; 7],
    /// While this is above 0, no trace or profile function is called.
    #[cfg(not(Py_3_11))]
    tracing: c_int,
    #[cfg(not(Py_3_10))]
    uses_tracing: c_int,
    #[cfg(Py_3_10)]
    c_frame: *mut c_void,
    profile: Option<Py_tracefunc>,
    /// Its trace function, and what that is called with.
    pub trace: Option<Py_tracefunc>,
    profile_object: *mut PyObject,
    pub trace_object: *mut PyObject,
    raised: [*mut PyObject; 3],
    #[cfg(not(Py_3_11))]
    handled: [*mut c_void; 4],
    innermost_handled: *mut c_void,
    dict: *mut PyObject,
    counter: c_int,
    /// An exception that was sent to the thread and has not arrived.
    pub sent: *mut PyObject,
    /// The number of its thread; until that begins, the number of the thread that made it.
    thread_id: c_ulong,
}

/// Where a thread state has the number of its thread, in words from its beginning; 0 when that is not known.
#[cfg(Py_3_12)]
static NUMBER_AT: AtomicUsize = AtomicUsize::new(0);

/// How many words of a thread state are looked at. It is larger in every version.
#[cfg(Py_3_12)]
const SEARCHED: usize = 32;

/// Finds where a thread state has its thread's number: the word that is this thread's number in this thread's
/// state. To be called once, when Python has been started.
#[cfg(Py_3_12)]
pub fn find_number(_: Attached<'_>) {
    // SAFETY: asks for nothing. Python identifies threads by the same number.
    let number = unsafe { libc::pthread_self() } as usize;
    // SAFETY: attached, so there is a current thread state, which is this thread's.
    let words = unsafe { ffi::PyThreadState_Get() }.cast::<usize>();
    // SAFETY: a thread state is larger than that.
    let has_number = |&at: &usize| unsafe { words.add(at).read_volatile() } == number;
    let mut found = (1..SEARCHED).filter(has_number);
    match (found.next(), found.next()) {
        (Some(at), None) => NUMBER_AT.store(at, Ordering::Release),
        _ => tracing::warn!(
            "this Python hides which thread a thread state is of: a thread that imports a module while its \
             script is unloaded may leave the import unfinished, and sys._current_frames() is empty"
        ),
    }
}

/// The number of a thread state's thread. Up to Python 3.11 it is that of the thread that made it until its own
/// begins, later 0.
///
/// # Safety
/// A thread state of the attached interpreter.
unsafe fn number(state: *mut PyThreadState) -> u64 {
    #[cfg(not(Py_3_12))]
    // SAFETY: a thread state that is there, as the caller promises; `ThreadState` is how Python lays it out.
    return unsafe { (&raw const (*state.cast::<ThreadState>()).thread_id).read_volatile() };
    #[cfg(Py_3_12)]
    match NUMBER_AT.load(Ordering::Acquire) {
        0 => 0,
        // SAFETY: a thread state that is there, as the caller promises, and all have the same fields.
        at => unsafe { state.cast::<u64>().add(at).read_volatile() },
    }
}

/// The thread states of the attached interpreter.
pub fn all(_: Attached<'_>) -> impl Iterator<Item = *mut PyThreadState> {
    let some = |state: *mut PyThreadState| (!state.is_null()).then_some(state);
    // SAFETY: attached, so that the list does not change before somebody else is.
    let first = unsafe { ffi::PyInterpreterState_ThreadHead(ffi::PyInterpreterState_Get()) };
    std::iter::successors(some(first), move |&state| {
        // SAFETY: as above; a thread state of the list.
        some(unsafe { ffi::PyThreadState_Next(state) })
    })
}

/// Those of one thread.
pub fn of_thread(attached: Attached<'_>, thread: u64) -> impl Iterator<Item = *mut PyThreadState> {
    // SAFETY: a thread state of the attached interpreter.
    all(attached).filter(move |&state| unsafe { number(state) } == thread)
}

/// The innermost frame of a thread, if it runs Python code. None if the thread state has gone, too: making an
/// object for a frame may run the garbage collector, and other threads may go on meanwhile.
pub fn innermost_frame<'a>(attached: Attached<'a>, state: *mut PyThreadState) -> Option<Obj<'a>> {
    all(attached).find(|&found| found == state)?;
    // SAFETY: attached, so that the thread stands still and its state is still there; a strong reference or NULL.
    let frame = unsafe { attached.take(ffi::PyThreadState_GetFrame(state).cast()) };
    // NULL says that there is none, without an exception.
    frame.ok()
}

/// The threads of the attached interpreter that run Python code: number and innermost frame of each.
pub fn frames(attached: Attached<'_>) -> Vec<(u64, Obj<'_>)> {
    // SAFETY: a thread state of the attached interpreter.
    let numbered = all(attached).map(|state| (unsafe { number(state) }, state));
    let known: Vec<_> = numbered.filter(|&(number, _)| number != 0).collect();
    let frame_of = |(number, state)| Some((number, innermost_frame(attached, state)?));
    known.into_iter().filter_map(frame_of).collect()
}

/// Keeps the thread from calling its trace and profile functions from now on. Later versions have this as
/// `PyThreadState_EnterTracing`.
///
/// # Safety
/// The attached thread state.
#[cfg(not(Py_3_11))]
pub unsafe fn enter_tracing(thread_state: *mut PyThreadState) {
    // SAFETY: attached, as the caller promises, so that nobody else writes it; it begins as `ThreadState` tells.
    unsafe { (*thread_state.cast::<ThreadState>()).tracing += 1 };
}

/// Undoes one `enter_tracing`.
///
/// # Safety
/// The attached thread state, for which `enter_tracing` was called.
#[cfg(not(Py_3_11))]
pub unsafe fn leave_tracing(thread_state: *mut PyThreadState) {
    // SAFETY: attached, as the caller promises, so that nobody else writes it; it begins as `ThreadState` tells.
    unsafe { (*thread_state.cast::<ThreadState>()).tracing -= 1 };
}
