//! From Python 3.12 on: a thread's number alone identifies it, and Python finds the thread.

use pyo3_ffi as ffi;
use pyo3_ffi::{PyObject, PyThreadState};

use super::{Receiver, innermost, is_importing, send_by_number};
use crate::python::object::{Attached, Obj, Raised};

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

/// The innermost frame of a thread of which only the number is known.
fn among_all(attached: Attached<'_>, thread: u64) -> Result<Obj<'_>, Raised> {
    // SAFETY: attached; the name is a C string, and the result is borrowed from `sys` or NULL.
    let frames = unsafe { ffi::PySys_GetObject(c"_current_frames".as_ptr()) };
    // SAFETY: attached; borrowed from `sys`, which keeps it, or NULL.
    let Some(frames) = (unsafe { attached.borrow(frames) }) else { return Err(Raised) };
    let (all, number) = (frames.call(&[])?, attached.int(thread as i64)?);
    // SAFETY: attached; a new reference or NULL.
    unsafe { attached.take(ffi::PyObject_GetItem(all.as_ptr(), number.as_ptr())) }
}
