//! Sends an exception to another thread, which takes it between two steps of its Python code.
//!
//! Two things can go wrong. An exception in the import system's own code may leave one of its locks taken for
//! ever; so we wait while a thread is there. And up to Python 3.11 a thread that has not begun yet has the
//! number of the thread that made it, and could get the exception that is sent to that one.

use pyo3_ffi as ffi;
use pyo3_ffi::{PyObject, PyThreadState};

use super::object::{Attached, Obj, Raised};
use super::thread_state;

#[cfg(not(Py_3_12))]
mod by_state;

#[cfg(not(Py_3_12))]
use by_state::deliver;

/// The thread that gets the exception.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// Its number, which is the same for Python and the C library.
    pub thread: u64,
    /// Its thread state; NULL when that is not known.
    pub state: *mut PyThreadState,
}

/// Sends an exception of this class. False when the thread must not be interrupted where it is now; then it
/// is to be tried again a moment later. Nothing is sent to a thread that is not in this interpreter.
pub fn send(attached: Attached<'_>, receiver: Receiver, exception: *mut PyObject) -> bool {
    let state = state_of(attached, receiver);
    let may = !state.is_some_and(|state| is_importing(attached, state));
    if may {
        deliver(attached, receiver.thread, state, exception);
    }
    may
}

/// Sends it to this thread, wherever that is, because it takes the exception in code of the library.
pub fn send_here(attached: Attached<'_>, here: Receiver, exception: *mut PyObject) {
    deliver(attached, here.thread, Some(here.state), exception);
}

/// Whether a thread must not be interrupted where it is now.
pub fn is_shielded(attached: Attached<'_>, receiver: Receiver) -> bool {
    state_of(attached, receiver).is_some_and(|state| is_importing(attached, state))
}

/// The receiver's thread state. If it is not known, it is the one of that number that runs Python code, for
/// then its thread has begun.
fn state_of(attached: Attached<'_>, receiver: Receiver) -> Option<*mut PyThreadState> {
    if !receiver.state.is_null() {
        return Some(receiver.state);
    }
    let states = || thread_state::of_thread(attached, receiver.thread);
    let has_code =
        |state: &*mut PyThreadState| thread_state::innermost_frame(attached, *state).is_some();
    states().find(has_code).or_else(|| states().next())
}

/// From Python 3.12 on a thread's number alone identifies it.
#[cfg(Py_3_12)]
fn deliver(
    attached: Attached<'_>,
    thread: u64,
    _: Option<*mut PyThreadState>,
    exception: *mut PyObject,
) {
    send_by_number(attached, thread, exception);
}

fn send_by_number(_: Attached<'_>, thread: u64, exception: *mut PyObject) {
    // SAFETY: attached; a number without a thread in this interpreter does nothing.
    unsafe { ffi::PyThreadState_SetAsyncExc(thread as _, exception) };
}

/// The code that holds the locks of the import system, and the code that finds files for it. An exception
/// does no harm in the latter, except in the function that remembers for ever which folders cannot be
/// searched.
///
/// From 3.13 on a thread takes the exception not where it is but when it looks the next time, which may be
/// after a function has returned. So a function must not be interrupted either if the next look may be in the
/// one that releases a lock: those that search for a module.
const LOCKING: &str = "<frozen importlib._bootstrap>";
const SEARCHING: &str = "_find_spec";
const LOOKS_LATER: bool = cfg!(Py_3_13);
const FINDING: &str = "<frozen importlib._bootstrap_external>";
const REMEMBERING: &str = "_path_importer_cache";

/// Whether the next step of a thread, where it would take the exception, is one of the import system's own
/// that must not raise. The code of modules that are being imported is not the import system's.
fn is_importing(attached: Attached<'_>, state: *mut PyThreadState) -> bool {
    let frame_of_thread = || thread_state::innermost_frame(attached, state);
    let Some(mut innermost) = frame_of_thread() else { return false };
    loop {
        let answer = must_not_raise(&innermost);
        // Making an object for a frame may run the garbage collector, and the thread may go on meanwhile. The
        // second time the objects exist already.
        match frame_of_thread() {
            Some(again) if again.as_ptr() == innermost.as_ptr() => return answer,
            Some(again) => innermost = again,
            None => return false,
        }
    }
}

fn must_not_raise(innermost: &Obj) -> bool {
    let mut frame = innermost.clone();
    while let Some((file, name)) = place_of(&frame) {
        match file.as_str() {
            LOCKING if LOOKS_LATER && name == SEARCHING => return true,
            LOCKING => return frame.as_ptr() == innermost.as_ptr(),
            FINDING if name == REMEMBERING => return true,
            FINDING => {}
            _ if LOOKS_LATER => {}
            _ => return false,
        }
        let Ok(outer) = frame.attribute(c"f_back") else { break };
        if outer.is_none() {
            break;
        }
        frame = outer;
    }
    frame.attached().clear(Raised);
    false
}

/// The file and name of a frame's code.
fn place_of(frame: &Obj) -> Option<(String, String)> {
    let text = |code: &Obj, name| Ok(code.attribute(name)?.to_text());
    let code = frame.attribute(c"f_code");
    code.and_then(|code| Ok((text(&code, c"co_filename")?, text(&code, c"co_name")?))).ok()
}
