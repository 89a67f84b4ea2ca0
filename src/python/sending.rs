//! Sending an exception to another thread, which takes it between two steps of its Python code.
//!
//! Two things can go wrong. The import system's own code cannot bear an exception: one of its locks may
//! stay taken for ever. And up to Python 3.11 a thread that has not begun bears the number of the one that
//! made it, and would get what is sent to that.

use pyo3_ffi as ffi;
use pyo3_ffi::{PyObject, PyThreadState};

use super::object::{Attached, Obj, Raised};

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

#[cfg(Py_3_12)]
mod exact {
    use super::{
        Attached, Obj, PyObject, PyThreadState, Raised, Receiver, ffi, innermost, is_importing,
        send_by_number,
    };

    pub fn send(attached: Attached<'_>, receiver: Receiver, exception: *mut PyObject) -> bool {
        let may = !is_shielded(attached, receiver);
        if may {
            send_by_number(attached, receiver.thread, exception);
        }
        may
    }

    pub fn deliver(
        attached: Attached<'_>,
        receiver: Receiver,
        _: *mut PyThreadState,
        exception: *mut PyObject,
    ) {
        send_by_number(attached, receiver.thread, exception);
    }

    pub fn is_shielded(attached: Attached<'_>, receiver: Receiver) -> bool {
        is_importing(|| {
            if receiver.state.is_null() {
                let frame = among_all(attached, receiver.thread);
                return frame.map_err(|raised| attached.clear(raised)).ok();
            }
            innermost(attached, receiver.state)
        })
    }

    /// The innermost frame of a thread that is known by its number only.
    fn among_all(attached: Attached<'_>, thread: u64) -> Result<Obj<'_>, Raised> {
        // SAFETY: attached; the name is a C string, and the result is borrowed from `sys` or NULL.
        let frames = unsafe { ffi::PySys_GetObject(c"_current_frames".as_ptr()) };
        // SAFETY: as above.
        let Some(frames) = (unsafe { attached.borrow(frames) }) else { return Err(Raised) };
        let (all, number) = (frames.call(&[])?, attached.int(thread as i64)?);
        // SAFETY: attached; a new reference or NULL.
        unsafe { attached.take(ffi::PyObject_GetItem(all.as_ptr(), number.as_ptr())) }
    }
}

#[cfg(not(Py_3_12))]
mod exact {
    use std::ptr;

    use super::{
        Attached, PyObject, PyThreadState, Receiver, ffi, innermost, is_importing, send_by_number,
    };
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
        // A thread takes its own number as it begins, at any moment: only what was sent tells whom it
        // was sent to.
        let is_new = |other: &*mut PyThreadState| has_one(*other) && !before.contains(other);
        if !has_one(state)
            && let Some(other) = all_states(attached).find(is_new)
        {
            // SAFETY: both belong to the attached interpreter, so that their threads stand still.
            unsafe { sent(state).write(sent(other).replace(ptr::null_mut())) };
        }
    }

    pub fn is_shielded(attached: Attached<'_>, receiver: Receiver) -> bool {
        state_of(attached, receiver)
            .is_some_and(|state| is_importing(|| innermost(attached, state)))
    }

    /// The receiver's thread state: the one with Python code, for a thread that has begun.
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

    /// Where a thread state keeps what was sent to it: a counted reference or NULL.
    unsafe fn sent(state: *mut PyThreadState) -> *mut *mut PyObject {
        // SAFETY: by contract, a thread state that is there.
        unsafe { &raw mut (*state.cast::<ThreadState>()).sent }
    }
}
