//! References to Python objects. The compiler makes sure that they are used only while their interpreter is
//! attached to this thread.
//!
//! An [`Attached`] proves that an interpreter is attached. An [`Obj`] is a live object, with a reference of
//! its own, and lives no longer than that proof. An [`Owned`] is kept beyond it; its holder, who knows the
//! interpreter, gives it back. Where a SAFETY note in this folder says *attached*, an `Attached` proves it:
//! the function's `self`, or the one that each `Obj` has.

use std::marker::PhantomData;
use std::ptr::NonNull;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

mod code;
mod containers;
mod exceptions;
mod kept;
mod make;
mod read;

pub use exceptions::{Exception, Raised};
pub use kept::{Guarded, Owned};

/// Proof that an interpreter is attached to this thread for `'a`. Neither `Send` nor `Sync`.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'a>(PhantomData<(&'a (), *mut ())>);

impl<'a> Attached<'a> {
    /// # Safety
    /// An interpreter is attached to this thread for `'a`.
    pub unsafe fn assume() -> Attached<'a> {
        Attached(PhantomData)
    }

    /// Takes a new reference from a C API function: NULL means an exception is set.
    ///
    /// # Safety
    /// `pointer` is NULL with an exception set, or a strong reference of this interpreter.
    #[inline]
    pub unsafe fn take(self, pointer: *mut PyObject) -> Result<Obj<'a>, Raised> {
        match NonNull::new(pointer) {
            Some(pointer) => Ok(Obj { pointer, attached: self }),
            None => Err(Raised),
        }
    }

    /// Makes a strong reference of a borrowed one.
    ///
    /// # Safety
    /// `pointer` is NULL or an object of this interpreter.
    #[inline]
    pub unsafe fn borrow(self, pointer: *mut PyObject) -> Option<Obj<'a>> {
        let pointer = NonNull::new(pointer)?;
        // SAFETY: attached; not NULL, so an object of this interpreter, as the caller promises.
        unsafe { ffi::Py_INCREF(pointer.as_ptr()) };
        Some(Obj { pointer, attached: self })
    }

    /// `None`.
    pub fn none(self) -> Obj<'a> {
        // SAFETY: attached; None always exists.
        unsafe { self.borrow(ffi::Py_None()) }.expect("None exists")
    }

    /// `True` or `False`.
    pub fn bool(self, value: bool) -> Obj<'a> {
        let object = if value {
            // SAFETY: attached.
            unsafe { ffi::Py_True() }
        } else {
            // SAFETY: attached.
            unsafe { ffi::Py_False() }
        };
        // SAFETY: attached; both always exist.
        unsafe { self.borrow(object) }.expect("True and False exist")
    }
}

/// A strong reference, dropped while its interpreter is attached.
#[derive(Debug)]
#[repr(transparent)]
pub struct Obj<'a> {
    pointer: NonNull<PyObject>,
    attached: Attached<'a>,
}

impl<'a> Obj<'a> {
    /// The pointer, still owned by this reference.
    #[inline]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.pointer.as_ptr()
    }

    /// Hands the reference over to C.
    pub fn into_raw(self) -> *mut PyObject {
        let pointer = self.pointer.as_ptr();
        std::mem::forget(self);
        pointer
    }

    /// Keeps the object beyond the time of this attachment.
    pub fn keep(self) -> Owned {
        let pointer = self.pointer;
        std::mem::forget(self);
        Owned(pointer)
    }

    /// The proof of attachment with which this reference lives.
    pub fn attached(&self) -> Attached<'a> {
        self.attached
    }
}

impl Clone for Obj<'_> {
    fn clone(&self) -> Self {
        // SAFETY: attached.
        unsafe { ffi::Py_INCREF(self.as_ptr()) };
        Obj { pointer: self.pointer, attached: self.attached }
    }
}

impl Drop for Obj<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: attached; the reference is ours.
        unsafe { ffi::Py_DECREF(self.as_ptr()) };
    }
}
