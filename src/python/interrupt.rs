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

/// The call to interrupt, and who wants to hear of it. All are called with the interpreter attached,
/// when the call cannot go on.
pub trait Target {
    /// How Python calls the thread that the call runs on.
    fn thread(&self) -> u64;
    /// Whether the call still runs.
    fn runs(&self) -> bool;
    /// Whether it is in a function of the host.
    fn is_in_host(&self) -> bool;
    /// The interpreter's lock is there.
    fn reached(&self);
    /// What has become of it.
    fn done(&self, attempt: &Attempt);
}

/// Sends `TimeoutError` to a call; waits for the interpreter's lock.
pub fn interrupt(interpreter: &Arc<Interpreter>, target: &impl Target) {
    let Some(visit) = interpreter.visit() else { return };
    let entered = visit.interpreter().enter();
    let attached = entered.attached();
    target.reached();
    if target.runs() {
        let stack = stack(attached, interpreter, target.thread());
        target.done(&send(attached, target, stack));
    }
}

fn send(_: Attached<'_>, target: &impl Target, stack: String) -> Attempt {
    // Python code made the stack's text: the lock may have been away meanwhile.
    if !target.runs() {
        return Attempt::Ended;
    }
    if target.is_in_host() {
        return Attempt::InHost(stack);
    }
    // SAFETY: attached; an id without a thread in this interpreter does nothing.
    unsafe { ffi::PyThreadState_SetAsyncExc(target.thread() as c_long, ffi::PyExc_TimeoutError) };
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
