//! The edge to C: no panic crosses it.

use std::any::Any;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::variadic;
use crate::last_error::{self, Code};
use crate::log;

/// Set once the log is installed and nobody has asked for a panic: nothing is left to be done
/// before the body of an exported function.
static READY: AtomicBool = AtomicBool::new(false);

/// Runs the body of an exported function; a panic is logged and becomes `fallback`.
#[inline]
pub fn guard<T>(function: &'static CStr, fallback: T, body: impl FnOnce() -> T) -> T {
    let must_panic = !READY.load(Ordering::Acquire) && prepare(function);
    // Unwind safety: state behind our locks is changed by whole assignments, so a panic leaves it
    // as before or after one; parking_lot locks do not poison.
    match catch_unwind(AssertUnwindSafe(|| {
        assert!(!must_panic, "asked for by VH_PYTHON_TEST_PANIC");
        body()
    })) {
        Ok(value) => value,
        Err(payload) => {
            report(&function.to_string_lossy(), payload.as_ref());
            fallback
        }
    }
}

/// Installs the log, and looks whether this function is to panic.
#[cold]
fn prepare(function: &CStr) -> bool {
    log::install();
    match asked_to_panic() {
        Some(name) => name == function.to_bytes(),
        None => {
            READY.store(true, Ordering::Release);
            variadic::need_no_guard();
            false
        }
    }
}

/// [`guard`] for a function that can fail: `w_LastError` tells its error afterwards.
pub fn call<T>(function: &'static CStr, fallback: T, body: impl FnOnce() -> T) -> T {
    let call = last_error::Call::begin();
    let result = guard(function, fallback, body);
    drop(call);
    result
}

/// Logs a caught panic as one line.
pub fn report(place: &str, payload: &(dyn Any + Send)) {
    let reason = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let message = format!(
        "{place} failed by a fault of the library ({reason}); the call was answered with its \
         failure value. Please report this line to its authors"
    );
    last_error::fail(Code::Internal, "", message);
}

/// Keeps Rust's own panic message off the hub's terminal: `report` logs the panic as one line.
pub fn silence_panic_output() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// Test aid: the function named by `VH_PYTHON_TEST_PANIC` panics, so that a test can show through
/// the built library that the edge holds.
fn asked_to_panic() -> Option<&'static [u8]> {
    static ASKED: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| {
        std::env::var_os("VH_PYTHON_TEST_PANIC").map(std::ffi::OsString::into_encoded_bytes)
    });
    asked.as_deref()
}
