//! Exceptions that leave a script: taken from the interpreter and logged as one block.

use pyo3_ffi as ffi;

use super::object::{Attached, Obj, Raised};
use super::scope;
use crate::last_error::{self, Code, Error, Exception};

/// An exception, taken out of the interpreter's state.
struct Taken<'a> {
    exception: Obj<'a>,
}

/// Takes the exception that is set.
fn take<'a>(attached: Attached<'a>, raised: Raised) -> Option<Taken<'a>> {
    let Raised = raised;
    // SAFETY: attached; the function gives a strong reference or NULL.
    unsafe { attached.take(raised_exception()).ok().map(|exception| Taken { exception }) }
}

#[cfg(Py_3_12)]
unsafe fn raised_exception() -> *mut ffi::PyObject {
    // SAFETY: an interpreter is attached.
    unsafe { ffi::PyErr_GetRaisedException() }
}

#[cfg(not(Py_3_12))]
unsafe fn raised_exception() -> *mut ffi::PyObject {
    let (mut kind, mut value, mut traceback) =
        (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: an interpreter is attached; the references become ours and are given back, but for
    // the exception itself.
    unsafe {
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback);
        if !value.is_null() && !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
        }
        ffi::Py_XDECREF(kind);
        ffi::Py_XDECREF(traceback);
        value
    }
}

impl<'a> Taken<'a> {
    fn is_exit(&self) -> bool {
        // SAFETY: attached; the exception type always exists.
        unsafe {
            ffi::PyErr_GivenExceptionMatches(self.exception.as_ptr(), ffi::PyExc_SystemExit) != 0
        }
    }

    /// Logs it. Gives its traceback.
    fn log(&self, script: &str, place: &str) -> String {
        let traceback = self.traceback();
        if self.is_exit() {
            tracing::error!(
                script,
                "{place} asked to exit (SystemExit); the hub goes on\n{traceback}"
            );
        } else {
            tracing::error!(script, "{place} raised an exception\n{traceback}");
        }
        traceback
    }

    /// Its text alone.
    fn text(&self) -> String {
        let attached = self.exception.attached();
        // SAFETY: attached; a new reference or NULL.
        match unsafe { attached.take(ffi::PyObject_Str(self.exception.as_ptr())) } {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                "(its text cannot be shown)".to_owned()
            }
        }
    }

    /// What Python would print for it.
    fn traceback(&self) -> String {
        let attached = self.exception.attached();
        match scope::call(attached, c"describe", std::slice::from_ref(&self.exception)) {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                format!("{} (its traceback cannot be shown)", self.exception.type_name())
            }
        }
    }
}

/// Logs the exception that is set, as one block: which script, in what, Python's traceback.
pub fn log(attached: Attached<'_>, raised: Raised, script: &str, place: &str) {
    match take(attached, raised) {
        Some(taken) => drop(taken.log(script, place)),
        None => tracing::error!(script, "{place} failed without an exception"),
    }
}

/// The same for the exception that makes the running call fail: `w_LastError` tells it too.
pub fn fail(attached: Attached<'_>, raised: Raised, script: &str, place: &str) {
    let Some(taken) = take(attached, raised) else {
        let message = format!("{place} failed without an exception");
        return last_error::fail(Code::Internal, script, message);
    };
    let traceback = taken.log(script, place);
    let exception = Exception { kind: taken.exception.type_name(), traceback };
    let message = taken.text();
    last_error::set(Error { code: Code::Python, message, exception: Some(exception) });
}

/// Logs an exception object in the same way.
pub fn log_exception(exception: Obj, script: &str, place: &str) {
    Taken { exception }.log(script, place);
}
