//! References and data that are kept beyond the time that their interpreter is attached.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use pyo3_ffi::PyObject;

use super::{Attached, Obj};

/// A strong reference that is kept for later, for example in a loaded script. Dropping it leaks the object:
/// the holder must call `release`, because only the holder knows when the interpreter is attached.
#[derive(Debug)]
pub struct Owned(pub(super) NonNull<PyObject>);

// SAFETY: the pointer is only followed through `get` and `release`, which demand that the
// interpreter is attached, whatever the thread.
unsafe impl Send for Owned {}

// SAFETY: as for `Send`.
unsafe impl Sync for Owned {}

impl Owned {
    /// The object.
    ///
    /// # Safety
    /// The interpreter that is attached is the object's own.
    pub unsafe fn get<'a>(&self, attached: Attached<'a>) -> Obj<'a> {
        // SAFETY: the attached interpreter is the object's own, as the caller promises, and the object lives, for
        // this holds a reference to it.
        unsafe { attached.borrow(self.0.as_ptr()) }.expect("not NULL")
    }

    /// Gives the reference back.
    ///
    /// # Safety
    /// The interpreter that is attached is the object's own.
    pub unsafe fn release(self, attached: Attached<'_>) {
        // SAFETY: the attached interpreter is the object's own, as the caller promises; the strong reference that
        // this held is given away with `self`.
        drop(unsafe { attached.take(self.0.as_ptr()) });
    }
}

/// Data that is touched only while its interpreter is attached, so that the interpreter's own lock guards it.
#[derive(Debug, Default)]
pub struct Guarded<T>(UnsafeCell<T>);

// SAFETY: one thread at a time has the interpreter attached, and `with` demands that.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Lends the data to `body`.
    ///
    /// # Safety
    /// The interpreter the data belongs to is attached, the same each time. `body` runs no Python
    /// code, which could leave the interpreter, and does not come back here.
    #[inline]
    pub unsafe fn with<R>(&self, _: Attached<'_>, body: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: whoever borrows the data has its interpreter attached, the same each time, as the caller
        // promises; only one thread has at a time, and it does not come back here while `body` runs.
        body(unsafe { &mut *self.0.get() })
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}
