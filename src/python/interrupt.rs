//! Interrupting a call that runs in Python: an exception is sent to its thread, which takes it
//! between two steps of the script. A thread inside native code does not.

use std::ffi::c_long;
use std::sync::Arc;

use pyo3_ffi as ffi;

use super::insist;
use super::interpreter::Interpreter;
use super::object::{Attached, Raised};
use super::scope;

/// What became of an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// The exception is on its way; the script's stack was this.
    Sent(String),
    /// It is not sent again yet, but the call's steps are looked at now.
    Insisted,
    /// It is left to run.
    Left(String),
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
    /// The call's number; a thread has no other of the same.
    fn call(&self) -> u64;
    /// Whether the call still runs.
    fn runs(&self) -> bool;
    /// Whether it is only told of.
    fn only_tells(&self) -> bool;
    /// Whether an exception was sent before, so that the call's steps are to be looked at.
    fn insists(&self) -> bool;
    /// Whether an exception is sent now.
    fn sends(&self) -> bool;
    /// From now on the call's thread is told so at its steps.
    fn insist(&self);
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
        target.done(&match target.only_tells() {
            true => Attempt::Left(stack),
            false => send(attached, interpreter, target, stack),
        });
    }
}

fn send(
    attached: Attached<'_>,
    interpreter: &Interpreter,
    target: &impl Target,
    stack: String,
) -> Attempt {
    if target.insists() && target.runs() {
        insist::insist(attached, interpreter, target);
    }
    // Python code ran: the lock may have been away meanwhile.
    if !target.runs() {
        return Attempt::Ended;
    }
    if target.is_in_host() {
        return Attempt::InHost(stack);
    }
    if !target.sends() {
        return Attempt::Insisted;
    }
    // SAFETY: attached; an id without a thread in this interpreter does nothing.
    unsafe { ffi::PyThreadState_SetAsyncExc(target.thread() as c_long, ffi::PyExc_TimeoutError) };
    Attempt::Sent(stack)
}

/// The Python stack of a thread of the host.
fn stack(attached: Attached<'_>, interpreter: &Interpreter, thread: u64) -> String {
    let described = match interpreter.thread_state_of(attached, thread) {
        Some((_, frame)) => {
            scope::call(attached, c"describe_stack", &[frame]).map(|text| text.to_text())
        }
        None => return "  (it is in no Python code)".to_owned(),
    };
    described.unwrap_or_else(|raised| {
        attached.clear(raised);
        "  (its stack cannot be shown)".to_owned()
    })
}

/// Takes back what was sent to calls of this thread that are over: an exception that has not arrived
/// yet, and what was done to end them.
///
/// The exception arrives here. Up to 3.12 Python, told to forget one, looks for it at each later step
/// all the same, and 3.11 then comes no further where a trace function is set.
pub fn take_back(attached: Attached<'_>, is_over: impl Fn(u64) -> bool) {
    insist::relent(attached, is_over);
    settle(attached);
}

/// Lets no exception be on its way to this thread, and none to one that has ended.
///
/// One more is sent and taken. To withdraw it would not do: up to 3.12 Python then goes on looking
/// for it, which slows down all threads of the interpreter, and up to 3.11 one that has a trace
/// function never goes on at all, because it looks again before each function's first step.
pub fn settle(attached: Attached<'_>) {
    // SAFETY: attached; Python identifies threads by the same number.
    unsafe {
        ffi::PyThreadState_SetAsyncExc(libc::pthread_self() as c_long, ffi::PyExc_TimeoutError);
    }
    if let Err(raised) = let_arrive(attached) {
        attached.clear(raised);
    }
}

/// Raises what is sent to late calls.
pub fn raise(_: Attached<'_>) -> Raised {
    // SAFETY: attached.
    unsafe { ffi::PyErr_SetNone(ffi::PyExc_TimeoutError) };
    Raised
}

/// Lets an exception arrive that was sent to this thread: Python looks for them between two steps.
pub fn let_arrive(attached: Attached<'_>) -> Result<(), Raised> {
    scope::call(attached, c"take_a_step", &[]).map(drop)
}
