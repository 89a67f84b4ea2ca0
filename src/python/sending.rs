//! Sending an exception to another thread, which takes it between two steps of its Python code.
//!
//! Two things can go wrong. The import system's own code cannot bear an exception: one of its locks may
//! stay taken for ever. And up to Python 3.11 a thread that has not begun bears the number of the one that
//! made it, and would get what is sent to that.

use pyo3_ffi as ffi;
use pyo3_ffi::{PyObject, PyThreadState};

use super::object::{Attached, Obj, Raised};

#[cfg(Py_3_12)]
mod by_number;
#[cfg(not(Py_3_12))]
mod by_state;

#[cfg(Py_3_12)]
use by_number as exact;
#[cfg(not(Py_3_12))]
use by_state as exact;

/// Who gets the exception.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// Its number, as Python and the C library have it.
    pub thread: u64,
    /// Its thread state, where that is known. NULL otherwise.
    pub state: *mut PyThreadState,
}

/// Sends it, a class. False when the thread is where it must not be interrupted now, but a moment later.
/// Nothing is sent to a thread that is not in this interpreter.
pub fn send(attached: Attached<'_>, receiver: Receiver, exception: *mut PyObject) -> bool {
    exact::send(attached, receiver, exception)
}

/// Sends it to this thread, wherever that is: it takes it in code of the library.
pub fn send_here(attached: Attached<'_>, here: Receiver, exception: *mut PyObject) {
    exact::deliver(attached, here, here.state, exception);
}

/// Whether a thread must not be interrupted now.
pub fn is_shielded(attached: Attached<'_>, receiver: Receiver) -> bool {
    exact::is_shielded(attached, receiver)
}

fn send_by_number(_: Attached<'_>, thread: u64, exception: *mut PyObject) -> bool {
    // SAFETY: attached; a number without a thread in this interpreter does nothing.
    unsafe { ffi::PyThreadState_SetAsyncExc(thread as _, exception) > 0 }
}

/// What keeps the locks of the import system, and what finds files for it. The latter bears an
/// exception, but for the function that remembers for ever which folders cannot be searched.
///
/// From 3.13 on a thread takes the exception not where it stands but at its next look, which may come when
/// a function has returned. So there nothing must raise that is called where the next look may be that of
/// the function that gives a lock back: what searches for a module.
const LOCKING: &str = "<frozen importlib._bootstrap>";
const SEARCHING: &str = "_find_spec";
const LOOKS_LATER: bool = cfg!(Py_3_13);
const FINDING: &str = "<frozen importlib._bootstrap_external>";
const REMEMBERING: &str = "_path_importer_cache";

/// Whether the next step of a thread is one of the import system's own that must not raise: that is
/// where it would take the exception. Modules that are being imported have code of their own.
fn is_importing<'a>(frame_of_thread: impl Fn() -> Option<Obj<'a>>) -> bool {
    let Some(mut innermost) = frame_of_thread() else { return false };
    loop {
        let answer = must_not_raise(&innermost);
        // Making an object for a frame may collect garbage, and the thread may go on meanwhile. The
        // second time the objects are there.
        match frame_of_thread() {
            Some(again) if again.as_ptr() == innermost.as_ptr() => return answer,
            Some(again) => innermost = again,
            None => return false,
        }
    }
}

/// The innermost frame of a thread.
fn innermost<'a>(attached: Attached<'a>, state: *mut PyThreadState) -> Option<Obj<'a>> {
    // SAFETY: a thread state of the attached interpreter; a strong reference or NULL.
    let frame = unsafe { attached.take(ffi::PyThreadState_GetFrame(state).cast()) };
    frame.map_err(|raised| attached.clear(raised)).ok()
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

/// File and name of the code of a frame.
fn place_of(frame: &Obj) -> Option<(String, String)> {
    let text = |code: &Obj, name| Ok(code.attribute(name)?.to_text());
    let code = frame.attribute(c"f_code");
    code.and_then(|code| Ok((text(&code, c"co_filename")?, text(&code, c"co_name")?))).ok()
}
