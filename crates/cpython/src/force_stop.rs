//! Stops a call that catches the exceptions sent to it: from some moment on each step of its Python code
//! raises `TimeoutError`, also in its exception handlers, so that it cannot go on.
//!
//! Python calls us at each step: up to 3.11 through a trace function of that one thread, from 3.12 on through
//! a tool of `sys.monitoring`, which sees all threads of the interpreter and lets the others go on. All of
//! this is removed when the call has ended. Up to 3.11 a trace function of the script's own is put back then;
//! from 3.12 on it is not touched at all.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::interpreter::Interpreter;
use super::interrupt;
use super::object::{Attached, Obj, Raised};
use super::scope;
use vh_guard::slot;
use vh_guard::watchdog::Attempt;

#[cfg(Py_3_12)]
mod monitoring;
#[cfg(not(Py_3_12))]
mod tracing;

#[cfg(Py_3_12)]
use monitoring as steps;
#[cfg(not(Py_3_12))]
use tracing as steps;

/// The time from the first step that is seen to the first that raises, for a script that has just taken the
/// exception and is cleaning up.
const GRACE: Duration = Duration::from_millis(200);

/// Only after this time steps of the standard library raise too; before, it may release its locks.
const STANDARD_GRACE: Duration = Duration::from_secs(2);

/// The folder of the standard library, with a slash at its end.
static STANDARD: OnceLock<String> = OnceLock::new();

/// A call whose steps are looked at.
struct Watched {
    /// Where it runs: a thread state up to 3.11, an interpreter from 3.12 on.
    place: usize,
    /// Which call of which thread.
    thread: u64,
    call: u64,
}

static WATCHED: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

/// Looks at the call's steps from now on. The call may end before this returns.
pub fn begin(attached: Attached<'_>, interpreter: &Interpreter, attempt: &Attempt) {
    if STANDARD.get().is_none() {
        match scope::call(attached, c"standard_folder", &[]) {
            Ok(folder) => drop(STANDARD.set(folder.to_text())),
            Err(raised) => attached.clear(raised),
        }
    }
    // Python code has run, so the lock may have been released meanwhile.
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
        // The call may have ended before `watch` was done.
        unwatch_unused(attached, place);
    }
}

/// Stops looking at calls of this thread that are over. Their interpreter is attached.
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

/// Whether this thread's next step of Python code, in the file of that name, is refused.
fn is_refused(file: impl FnOnce() -> String) -> bool {
    let Some(since) = slot::forced_for() else { return false };
    if since < GRACE {
        return false;
    }
    let file = file();
    // The library's own code and that of the import system may hold what others need, so they go on.
    if file.starts_with("<vh ") || file.starts_with("<frozen ") {
        return false;
    }
    since >= STANDARD_GRACE || !is_standard(&file)
}

/// Whether this thread's current step is refused: it called a function of ours that waits for something.
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

/// `step(code, ...)`, which the tool of `support/steps.py` calls at each step.
pub fn step<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let handler = arguments.as_ref().and_then(handler_of);
    // An exception that comes to the same handler again is not refused at once: from 3.14 on Python may lead
    // it to that handler over and over, for ever. The steps inside the handler are refused.
    let comes_again = REFUSED_HANDLER.replace(None) == handler && handler.is_some();
    let code = || arguments.and_then(|arguments| arguments.item(0));
    if !comes_again && is_refused(|| code().map_or_else(String::new, |code| file_of(&code))) {
        REFUSED_HANDLER.set(handler);
        return Err(interrupt::raise(attached));
    }
    Ok(attached.none())
}

/// The code and place of an exception handler.
type Handler = (usize, i64);

thread_local! {
    /// The handler to which an exception came in this thread's last step, if that step was refused.
    static REFUSED_HANDLER: Cell<Option<Handler>> = const { Cell::new(None) };
}

/// The handler to which an exception comes, if the arguments of a step tell of one.
fn handler_of(arguments: &Obj) -> Option<Handler> {
    let (code, place) = (arguments.item(0)?, arguments.item(1)?.as_i64()?);
    let is_exception = |object: &Obj| {
        // SAFETY: attached, as the object proves.
        unsafe { ffi::PyExceptionInstance_Check(object.as_ptr()) != 0 }
    };
    arguments.item(2).filter(is_exception)?;
    Some((code.as_ptr() as usize, place))
}
