//! Up to Python 3.14: a pthread key.

use std::sync::atomic::{AtomicI32, Ordering};

use pyo3_ffi::PyThreadState;

use super::is_empty;

static KEY: AtomicI32 = AtomicI32::new(-1);
/// How many keys glibc can give out.
const KEYS: i32 = 1024;

pub fn find(current: *mut PyThreadState) {
    let holds = |key: &i32| {
        let key = *key as libc::pthread_key_t;
        // SAFETY: reading any key is allowed; the one that is changed is put back at once.
        unsafe {
            libc::pthread_getspecific(key) == current.cast() && {
                libc::pthread_setspecific(key, std::ptr::null());
                let gone = is_empty();
                libc::pthread_setspecific(key, current.cast());
                gone
            }
        }
    };
    if let Some(key) = (0..KEYS).find(holds) {
        KEY.store(key, Ordering::Relaxed);
    }
}

/// The thread state the PyGILState functions see on this thread.
pub fn get() -> *mut PyThreadState {
    let key = KEY.load(Ordering::Relaxed);
    if key < 0 {
        return std::ptr::null_mut();
    }
    // SAFETY: the key of CPython, as `find` proved.
    unsafe { libc::pthread_getspecific(key as libc::pthread_key_t).cast() }
}

/// Makes the PyGILState functions see this thread state.
pub fn set(thread_state: *mut PyThreadState) {
    let key = KEY.load(Ordering::Relaxed);
    if key >= 0 {
        // SAFETY: the key of CPython, as `find` proved; the value is of the kind it keeps.
        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, thread_state.cast()) };
    }
}
