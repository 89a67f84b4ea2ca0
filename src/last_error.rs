//! Why a thread's last call of the library failed: `w_LastError`.
//!
//! A call is one run of an exported function that can fail. Calls nest: a script calls the host, and the host
//! calls the library again. An error belongs to the call in which it happened. So it is kept with the depth
//! of that call, and after an outer call that succeeds there is no error of an inner one.

use std::cell::{Cell, RefCell};
use std::ffi::c_char;

use vh_core::error::Error;
use vh_host::targs;

/// The depth of the call this thread is in, and of the one the kept error belongs to; 0 is none. They are
/// apart from the error itself because every call reads and writes them, and they need no destructor.
#[derive(Clone, Copy)]
struct Depths {
    call: u32,
    error: u32,
}

thread_local! {
    static DEPTHS: Cell<Depths> = const { Cell::new(Depths { call: 0, error: 0 }) };
    static ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// A call of a function that can fail. It forgets the previous error when it begins, and ends when it is
/// dropped.
#[derive(Debug)]
pub struct Call(());

impl Call {
    /// Begins a call.
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

/// How many bytes of a message are kept: the text of an exception may be of any length.
const LONGEST: usize = 16 * 1024;

/// Logs why the running call fails, unless that has been logged, and keeps it for `w_LastError`.
#[cold]
pub fn record(error: Error) {
    let error = error.tell().shortened(LONGEST);
    let Depths { call, .. } = DEPTHS.get();
    // While `w_End` unloads scripts there is no call to which an error belongs.
    if call == 0 {
        return;
    }
    // On a thread that is ending nobody will ask.
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
        // SAFETY: not NULL, so a place for a pointer, as the caller promises.
        unsafe { *json = text.unwrap_or(std::ptr::null_mut()) };
    }
    failed
}
