//! From Python 3.12 on: a thread's number alone identifies it, and Python finds the thread.

use pyo3_ffi::{PyObject, PyThreadState};

use super::{Receiver, is_shielded, send_by_number};
use crate::object::Attached;

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
