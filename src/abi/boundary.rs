//! The edge to C: no panic crosses it, and the error of a failing call is recorded here and nowhere else.

use std::sync::atomic::{AtomicBool, Ordering};

use super::variadic;
use crate::last_error;
use vh_core::error::{Code, Error};
use vh_core::log;
use vh_core::panics::{self, Caught, Point};

/// Set once the log is installed: then the body of an exported function can run at once.
static READY: AtomicBool = AtomicBool::new(false);

/// Runs the body of an exported function; a panic is logged and becomes `fallback`.
#[inline]
pub fn guard<T>(point: &'static Point, fallback: T, body: impl FnOnce() -> T) -> T {
    guard_or(point, || fallback, body)
}

/// [`guard`] for a fallback that has to be found out.
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
    last_error::record(Error::new(Code::Internal, caught.line(consequence)).told());
}

/// [`guard`] for a function that can fail: `w_LastError` tells its error afterwards.
pub fn call<T: Copy>(
    point: &'static Point,
    failure: T,
    body: impl FnOnce() -> Result<T, Error>,
) -> T {
    call_or(
        point,
        || failure,
        || match body() {
            Ok(value) => (value, None),
            Err(error) => (failure, Some(error)),
        },
    )
}

/// [`call`] for a body that may give a value and an error, and for a fallback that has to be found out.
pub fn call_or<T>(
    point: &'static Point,
    fallback: impl FnOnce() -> T,
    body: impl FnOnce() -> (T, Option<Error>),
) -> T {
    let call = last_error::Call::begin();
    let result = guard_or(point, fallback, || {
        let (value, error) = body();
        if let Some(error) = error {
            last_error::record(error);
        }
        value
    });
    drop(call);
    result
}
