//! Stops a call that catches the exceptions sent to it: from some moment on, each step of its Python
//! code raises `TimeoutError`, those in its handlers among them, so that nothing can go on.
//!
//! Python calls us at each step: up to 3.11 through a trace function for the one thread, from 3.12 on
//! through a tool of `sys.monitoring`, which sees all threads of the interpreter and lets the others
//! go on. All of it is taken away when the call has ended. A trace function of the script's own is
//! put back; from 3.12 on it is not touched at all.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::interpreter::Interpreter;
use super::interrupt;
use super::object::{Attached, Obj, Raised};
use super::scope;
use crate::guard::slot;
use crate::guard::watchdog::Attempt;

#[cfg(Py_3_12)]
mod monitoring;
#[cfg(not(Py_3_12))]
mod tracing;

#[cfg(Py_3_12)]
use monitoring as steps;
#[cfg(not(Py_3_12))]
use tracing as steps;

/// From the first step that is seen to the first that raises: for a script that has only just taken
/// the exception and cleans up.
const GRACE: Duration = Duration::from_millis(200);

/// After so long even steps of the standard library raise, which before may leave its locks.
const STANDARD_GRACE: Duration = Duration::from_secs(2);

/// Where the standard library is, with a slash at its end.
static STANDARD: OnceLock<String> = OnceLock::new();

/// A call whose steps are looked at.
struct Watched {
    /// Where: a thread state up to 3.11, else an interpreter.
    place: usize,
    /// Which call of which thread.
    thread: u64,
    call: u64,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

/// From now on the call's steps are looked at. It may end before this returns.
pub fn begin(attached: Attached<'_>, interpreter: &Interpreter, attempt: &Attempt) {
    if STANDARD.get().is_none() {
        match scope::call(attached, c"standard_folder", &[]) {
            Ok(folder) => drop(STANDARD.set(folder.to_text())),
            Err(raised) => attached.clear(raised),
        }
    }
    // Python code ran: the lock may have been away meanwhile.
    let Some(place) = steps::place_of(attached, interpreter, attempt.thread()) else { return };
    if !attempt.runs() {
        return;
    }
    let (thread, call) = (attempt.thread(), attempt.call());
    interrupt::drain(attached);
    attempt.force();
    {
        let mut watched = WATCHED.lock();
        let is_it = |one: &Watched| one.place == place && one.thread == thread && one.call == call;
        if !watched.iter().any(is_it) {
            watched.push(Watched { place, thread, call });
        }
    }
    steps::watch(attached, place);
    if !attempt.runs() {
        forget(attached, thread, |other| other == call);
        // Whoever ended the call may have been faster than `watch`.
        unwatch_unused(attached, place);
    }
}

/// Calls of this thread that are over are not looked at any more. Their interpreter is attached.
pub fn end(attached: Attached<'_>, is_over: impl Fn(u64) -> bool) {
    // SAFETY: always allowed. Python identifies threads by the same number.
    let thread = unsafe { libc::pthread_self() } as u64;
    forget(attached, thread, is_over);
}

fn forget(attached: Attached<'_>, thread: u64, is_over: impl Fn(u64) -> bool) {
    let mut places = Vec::new();
    WATCHED.lock().retain(|one| {
        let stays = one.thread != thread || !is_over(one.call);
        if !stays {
            places.push(one.place);
        }
        stays
    });
    places.into_iter().for_each(|place| unwatch_unused(attached, place));
}

fn unwatch_unused(attached: Attached<'_>, place: usize) {
    let is_used = WATCHED.lock().iter().any(|one| one.place == place);
    if !is_used {
        steps::unwatch(attached, place);
    }
}

/// Whether this step of this thread's Python code, in the file of that name, must not be taken.
fn is_refused(file: impl FnOnce() -> String) -> bool {
    let Some(since) = slot::forced_for() else { return false };
    if since < GRACE {
        return false;
    }
    let file = file();
    // The library's own code and that of the import system keep what others need.
    if file.starts_with("<vh ") || file.starts_with("<frozen ") {
        return false;
    }
    since >= STANDARD_GRACE || !is_standard(&file)
}

/// Whether the step must not be taken that Python code of this thread is about to finish: a function that
/// waits for something, which it called.
pub fn refuses_here(attached: Attached<'_>) -> bool {
    // SAFETY: attached; the frame is borrowed and alive, its code a new reference.
    let code = || unsafe {
        let frame = ffi::PyEval_GetFrame();
        if frame.is_null() {
            Err(Raised)
        } else {
            attached.take(ffi::PyFrame_GetCode(frame).cast())
        }
    };
    is_refused(|| code().map_or_else(|_| String::new(), |code| file_of(&code)))
}

fn is_standard(file: &str) -> bool {
    let folder = STANDARD.get().map_or("", String::as_str);
    !folder.is_empty()
        && file.starts_with(folder)
        && !file.contains("/site-packages/")
        && !file.contains("/dist-packages/")
}

fn file_of(code: &Obj) -> String {
    code.attribute(c"co_filename").map_or_else(
        |raised| {
            code.attached().clear(raised);
            String::new()
        },
        |name| name.to_text(),
    )
}

/// `step(code, ...)`: what the tool calls at each step; for `support/steps.py`.
pub fn step<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let handler = arguments.as_ref().and_then(handler_of);
    // One that was refused already is not refused again at once: Python may take it to the same handler,
    // from 3.14 on, and so for ever. The handler's own steps are refused.
    let comes_again = REFUSED_HANDLER.replace(None) == handler && handler.is_some();
    let code = || arguments.and_then(|arguments| arguments.item(0));
    if !comes_again && is_refused(|| code().map_or_else(String::new, |code| file_of(&code))) {
        REFUSED_HANDLER.set(handler);
        return Err(interrupt::raise(attached));
    }
    Ok(attached.none())
}

/// Code and place of an exception handler.
type Handler = (usize, i64);

thread_local! {
    /// The handler an exception came to in this thread's last step, if that was refused.
    static REFUSED_HANDLER: Cell<Option<Handler>> = const { Cell::new(None) };
}

/// The handler that an exception comes to, if the arguments of a step tell of one.
fn handler_of(arguments: &Obj) -> Option<Handler> {
    let (code, place) = (arguments.item(0)?, arguments.item(1)?.as_i64()?);
    let is_exception = |object: &Obj| {
        // SAFETY: attached, as the object proves.
        unsafe { ffi::PyExceptionInstance_Check(object.as_ptr()) != 0 }
    };
    arguments.item(2).filter(is_exception)?;
    Some((code.as_ptr() as usize, place))
}
