//! Interrupting a call that runs in Python: an exception is sent to its thread, which takes it
//! between two steps of the script. A thread inside native code does not.

use std::ffi::c_long;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::interpreter::Interpreter;
use super::object::{Attached, Raised};
use super::scope;

/// What became of an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// The exception is on its way; the script's stack was this.
    Sent(String),
    /// The call is in a function of the host, where it is left alone; called from here.
    InHost(String),
    /// It has ended.
    Ended,
}

/// Sends `TimeoutError` to the call that runs on a thread; waits for the interpreter's lock, and
/// calls `reached` when it has it. `runs` and `is_in_host` are asked with the interpreter attached,
/// when the call cannot go on.
pub fn interrupt(
    interpreter: &Arc<Interpreter>,
    thread: u64,
    reached: impl FnOnce(),
    runs: impl Fn() -> bool,
    is_in_host: impl Fn() -> bool,
) -> Attempt {
    let Some(visit) = interpreter.visit() else { return Attempt::Ended };
    let entered = visit.interpreter().enter();
    let attached = entered.attached();
    reached();
    if !runs() {
        return Attempt::Ended;
    }
    let stack = stack(attached, interpreter, thread);
    // Python code ran: the lock may have been away meanwhile.
    if !runs() {
        return Attempt::Ended;
    }
    if is_in_host() {
        return Attempt::InHost(stack);
    }
    // SAFETY: attached; an id without a thread in this interpreter does nothing.
    unsafe { ffi::PyThreadState_SetAsyncExc(thread as c_long, ffi::PyExc_TimeoutError) };
    Attempt::Sent(stack)
}

/// The Python stack of a thread of the host.
fn stack(attached: Attached<'_>, interpreter: &Interpreter, thread: u64) -> String {
    let described = match interpreter.frame_of(attached, thread) {
        Some(frame) => {
            scope::call(attached, c"describe_stack", &[frame]).map(|text| text.to_text())
        }
        None => return "  (it is in no Python code)".to_owned(),
    };
    described.unwrap_or_else(|raised| {
        attached.clear(raised);
        "  (its stack cannot be shown)".to_owned()
    })
}

/// Takes back an exception that was sent to this thread and has not arrived.
pub fn take_back(_: Attached<'_>) {
    // SAFETY: attached; Python identifies threads by the same number.
    unsafe {
        ffi::PyThreadState_SetAsyncExc(libc::pthread_self() as c_long, std::ptr::null_mut());
    }
}

/// Lets an exception arrive that was sent to this thread: Python looks for them between two steps.
pub fn let_arrive(attached: Attached<'_>) -> Result<(), Raised> {
    scope::call(attached, c"take_a_step", &[]).map(drop)
}
