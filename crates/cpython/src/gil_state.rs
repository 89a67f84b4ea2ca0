//! The thread state that the PyGILState functions see. C extensions that use these functions deadlock or
//! crash in sub-interpreters unless it follows what is attached to the thread. So we set it ourselves,
//! whenever an interpreter is entered or left.
//!
//! CPython keeps it in a pthread key up to 3.14, and in a thread-local variable of libpython from 3.15 on.
//! Neither can be reached by a name: the place is found by what it holds, and proved by emptying it for a
//! moment.

use pyo3_ffi as ffi;

#[cfg(not(Py_3_15))]
mod key;
#[cfg(Py_3_15)]
mod variable;

#[cfg(not(Py_3_15))]
use key as place;
#[cfg(Py_3_15)]
use variable as place;

pub use place::{get, set};

/// Finds the place. An interpreter is attached. In a CPython that keeps it elsewhere nothing is set.
pub fn find() {
    // SAFETY: attached.
    let current = unsafe { ffi::PyGILState_GetThisThreadState() };
    if !current.is_null() {
        place::find(current);
    }
}

/// Whether the PyGILState functions see nothing. To be asked while a place that may be theirs is empty.
fn is_empty() -> bool {
    // SAFETY: may be asked at any time after initialization.
    unsafe { ffi::PyGILState_GetThisThreadState() }.is_null()
}
