//! Up to Python 3.11: the thread's trace function.

use std::ffi::c_int;

use parking_lot::Mutex;
use pyo3_ffi as ffi;
use pyo3_ffi::{Py_tracefunc, PyObject, PyThreadState};

use super::{file_of, is_refused};
use crate::interpreter::Interpreter;
use crate::interrupt;
use crate::object::{Attached, Obj, Raised};
use crate::thread_state::ThreadState;
use crate::trampoline::entry;

unsafe extern "C" {
    fn _PyEval_SetTrace(
        thread_state: *mut PyThreadState,
        function: Option<Py_tracefunc>,
        object: *mut PyObject,
    ) -> c_int;
}

/// The trace function that a thread state had before. We hold a reference to its object.
struct Before {
    place: usize,
    function: Option<Py_tracefunc>,
    object: *mut PyObject,
}

// SAFETY: the object is only used with its interpreter attached.
unsafe impl Send for Before {}

static BEFORE: Mutex<Vec<Before>> = Mutex::new(Vec::new());

pub fn place_of(attached: Attached<'_>, interpreter: &Interpreter, thread: u64) -> Option<usize> {
    interpreter.thread_state_of(attached, thread).map(|(thread_state, _)| thread_state as usize)
}

fn is_ours(place: usize) -> bool {
    // SAFETY: a thread state of the attached interpreter, whose thread stands still.
    let function = unsafe { (*(place as *const ThreadState)).trace };
    function.is_some_and(|function| function as usize == TRACE as usize)
}

/// Starts watching. It may be called again.
pub fn watch(_: Attached<'_>, place: usize) {
    if is_ours(place) {
        return;
    }
    // SAFETY: as above; the object is counted before Python gives back its own reference.
    let before = unsafe {
        let head = place as *const ThreadState;
        ffi::Py_XINCREF((*head).trace_object);
        Before { place, function: (*head).trace, object: (*head).trace_object }
    };
    set(place, Some(TRACE), std::ptr::null_mut());
    let mut all = BEFORE.lock();
    let outdated = all.iter().position(|one| one.place == place).map(|at| all.swap_remove(at));
    all.push(before);
    drop(all);
    drop_object(outdated.map(|one| one.object));
}

/// Stops watching. The place's interpreter is attached.
pub fn unwatch(_: Attached<'_>, place: usize) {
    let before = {
        let mut all = BEFORE.lock();
        let at = all.iter().position(|one| one.place == place);
        at.map(|at| all.swap_remove(at))
    };
    let Some(before) = before else { return };
    // Unless the script has set another one meanwhile.
    if is_ours(place) {
        set(place, before.function, before.object);
    }
    drop_object(Some(before.object));
}

fn set(place: usize, function: Option<Py_tracefunc>, object: *mut PyObject) {
    // SAFETY: as in `is_ours`. It fails only by an audit hook, with an exception.
    unsafe {
        if _PyEval_SetTrace(place as *mut PyThreadState, function, object) < 0 {
            ffi::PyErr_Clear();
        }
    }
}

fn drop_object(object: Option<*mut PyObject>) {
    // SAFETY: counted by `watch`; its interpreter is attached.
    unsafe { ffi::Py_XDECREF(object.unwrap_or_default()) };
}

const TRACE: Py_tracefunc = entry!(trace trace);

fn trace<'a>(attached: Attached<'a>, frame: Option<Obj<'a>>, what: c_int) -> Result<(), Raised> {
    if what != ffi::PyTrace_LINE && what != ffi::PyTrace_CALL {
        return Ok(());
    }
    let Some(frame) = frame else { return Ok(()) };
    // SAFETY: attached; the frame is alive, and its code is a new reference.
    let code = || unsafe { attached.take(ffi::PyFrame_GetCode(frame.as_ptr().cast()).cast()) };
    match is_refused(|| code().map_or_else(|_| String::new(), |code| file_of(&code))) {
        true => Err(interrupt::raise(attached)),
        false => Ok(()),
    }
}
