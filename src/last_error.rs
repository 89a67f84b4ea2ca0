//! Why a thread's last call of the library failed: `w_LastError`.
//!
//! A call is one run of an exported function that can fail. Calls nest: a script calls the host,
//! and the host calls the library again. An error belongs to the call it happened in, so it is
//! remembered with that call's depth, and an outer call that succeeds leaves none of an inner one.

use std::cell::{Cell, RefCell};
use std::ffi::c_char;

use crate::error::Error;
use crate::targs;

/// The call this thread is in, and the one the remembered error belongs to; 0 is none. Apart from
/// the error itself because every call reads and writes it: it needs no destructor.
#[derive(Clone, Copy)]
struct Depths {
    call: u32,
    error: u32,
}

thread_local! {
    static DEPTHS: Cell<Depths> = const { Cell::new(Depths { call: 0, error: 0 }) };
    static ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// A call of a function that can fail, from its start, which forgets the error before, to its end.
#[derive(Debug)]
pub struct Call(());

impl Call {
    /// The call starts.
    #[inline]
    pub fn begin() -> Call {
        let Depths { call, .. } = DEPTHS.get();
        DEPTHS.set(Depths { call: call + 1, error: 0 });
        Call(())
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        let Depths { call, error } = DEPTHS.get();
        let own = if error == call { call } else { 0 };
        DEPTHS.set(Depths { call: call - 1, error: own });
    }
}

/// Bytes of a message that are kept: the text of an exception may be of any length.
const LONGEST: usize = 16 * 1024;

/// Logs why the running call fails, unless that is done, and keeps it for `w_LastError`.
#[cold]
pub fn record(error: Error) {
    let error = error.tell().shortened(LONGEST);
    let Depths { call, .. } = DEPTHS.get();
    // What goes wrong while `w_End` unloads scripts is no error of the host's last call.
    if call == 0 {
        return;
    }
    // A thread that is ending has nobody left to ask.
    if ERROR.try_with(|last| *last.borrow_mut() = Some(error)).is_ok() {
        DEPTHS.set(Depths { call, error: call });
    }
}

/// `w_LastError`: whether this thread's last call failed; if so `json` becomes its error.
///
/// # Safety
/// `json` is NULL or points to a place for a pointer.
pub unsafe fn give_to_c(json: *mut *mut c_char) -> bool {
    let failed = DEPTHS.get().error != 0;
    let text = ERROR.try_with(|last| match &*last.borrow() {
        Some(error) if failed && !json.is_null() => targs::malloc_text(&error.to_json()),
        _ => std::ptr::null_mut(),
    });
    if !json.is_null() {
        // SAFETY: by contract.
        unsafe { *json = text.unwrap_or(std::ptr::null_mut()) };
    }
    failed
}
