//! The edge to C: no panic crosses it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::variadic;
use crate::last_error::{self, Code, Error};
use crate::log;
use crate::panics::{self, Caught, Point};

/// Set once the log is installed: nothing is left to be done before the body of an exported function.
static READY: AtomicBool = AtomicBool::new(false);

/// Runs the body of an exported function; a panic is logged and becomes `fallback`.
#[inline]
pub fn guard<T>(point: &'static Point, fallback: T, body: impl FnOnce() -> T) -> T {
    guard_or(point, || fallback, body)
}

/// The same where what it becomes has to be found out.
#[inline]
fn guard_or<T>(point: &'static Point, fallback: impl FnOnce() -> T, body: impl FnOnce() -> T) -> T {
    let caught = panics::catch(point, || {
        if !READY.load(Ordering::Acquire) {
            prepare();
        }
        body()
    });
    caught.unwrap_or_else(|caught| {
        tell(&caught);
        fallback()
    })
}

/// The C function for the destructor of a thread-local value: `unsafe fn(value)`.
macro_rules! destructor {
    ($body:path) => {{
        unsafe extern "C" fn entry(value: *mut std::ffi::c_void) {
            let point = $crate::panics::point!(concat!("the destructor ", stringify!($body)));
            // SAFETY: the C library passes what was stored under the key.
            $crate::panics::contain(point, || unsafe { $body(value) });
        }
        entry
    }};
}

pub(crate) use destructor;

#[cold]
fn prepare() {
    log::install();
    READY.store(true, Ordering::Release);
    variadic::need_no_guard();
}

/// Logs a panic, and keeps it for `w_LastError`.
#[cold]
fn tell(caught: &Caught) {
    let consequence = "the call was answered with its failure value";
    caught.tell(consequence);
    let message = caught.line(consequence);
    last_error::set(Error { code: Code::Internal, message, exception: None });
}

/// [`guard`] for a function that can fail: `w_LastError` tells its error afterwards.
pub fn call<T>(point: &'static Point, fallback: T, body: impl FnOnce() -> T) -> T {
    call_or(point, || fallback, body)
}

/// The same where what is answered after a panic has to be found out.
pub fn call_or<T>(
    point: &'static Point,
    fallback: impl FnOnce() -> T,
    body: impl FnOnce() -> T,
) -> T {
    let call = last_error::Call::begin();
    let result = guard_or(point, fallback, body);
    drop(call);
    result
}
