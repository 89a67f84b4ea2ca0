//! The first fields of a thread state up to Python 3.11, versions that do not change any more.

use std::ffi::{c_int, c_ulong, c_void};

#[cfg(not(Py_3_11))]
use pyo3_ffi::PyThreadState;
use pyo3_ffi::{Py_tracefunc, PyObject};

/// The beginning of a `PyThreadState`.
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
    pub thread_id: c_ulong,
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
