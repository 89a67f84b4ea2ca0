//! Raising exceptions, and forgetting them.

use std::ffi::CString;

use pyo3_ffi as ffi;

use super::{Attached, Obj};

/// A Python exception is set in the attached interpreter.
///
/// It must be handed to Python (return NULL) or taken by `report`. It must never be dropped silently.
#[derive(Debug)]
#[must_use = "the exception is still set in the interpreter"]
pub struct Raised;

/// Exception types the library raises.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "Python's own names without Error")]
pub enum Exception {
    Type,
    Value,
    Overflow,
    Name,
    Runtime,
    NotImplemented,
    Memory,
    Timeout,
    Exit,
    Os,
}

impl<'a> Attached<'a> {
    /// Sets an exception of one of Python's own types.
    pub fn raise(self, kind: Exception, message: &str) -> Raised {
        let Ok(message) = self.str(message) else { return Raised };
        // SAFETY: attached; the built-in exception types always exist.
        unsafe {
            let kind = match kind {
                Exception::Type => ffi::PyExc_TypeError,
                Exception::Value => ffi::PyExc_ValueError,
                Exception::Overflow => ffi::PyExc_OverflowError,
                Exception::Name => ffi::PyExc_NameError,
                Exception::Runtime => ffi::PyExc_RuntimeError,
                Exception::NotImplemented => ffi::PyExc_NotImplementedError,
                Exception::Memory => ffi::PyExc_MemoryError,
                Exception::Timeout => ffi::PyExc_TimeoutError,
                Exception::Exit => ffi::PyExc_SystemExit,
                Exception::Os => ffi::PyExc_OSError,
            };
            ffi::PyErr_SetObject(kind, message.as_ptr());
        }
        Raised
    }

    /// Sets a built-in exception by the name of its type. Any other name becomes a RuntimeError that says it.
    pub fn raise_named(self, kind: &str, message: &str) -> Raised {
        let Some(kind) = self.exception_type(kind) else {
            return self.raise(Exception::Runtime, &format!("{kind}: {message}"));
        };
        if let Ok(message) = self.str(message) {
            // SAFETY: attached; the type is an exception.
            unsafe { ffi::PyErr_SetObject(kind.as_ptr(), message.as_ptr()) };
        }
        Raised
    }

    /// The built-in subclass of Exception that has this name, so neither SystemExit nor KeyboardInterrupt.
    fn exception_type(self, name: &str) -> Option<Obj<'a>> {
        let name = CString::new(name).ok()?;
        // SAFETY: attached; a type is only compared after it is known to be one.
        unsafe {
            let builtins = self.borrow(ffi::PyEval_GetBuiltins())?;
            let found = builtins.dict_item(&name)?;
            let is_exception = ffi::PyExceptionClass_Check(found.as_ptr()) != 0
                && ffi::PyType_IsSubtype(found.as_ptr().cast(), ffi::PyExc_Exception.cast()) != 0;
            is_exception.then_some(found)
        }
    }

    /// Forgets the exception that is set, for lookups whose failure is an answer.
    pub fn clear(self, raised: Raised) {
        let Raised = raised;
        // SAFETY: attached.
        unsafe { ffi::PyErr_Clear() };
    }
}
