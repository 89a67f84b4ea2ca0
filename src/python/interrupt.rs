//! Interrupting a call that runs in Python: an exception is sent to its thread, which takes it
//! between two steps of the script. A thread inside native code does not.

use std::sync::Arc;
use std::time::Duration;

use pyo3_ffi as ffi;
#[cfg(Py_3_11)]
use pyo3_ffi::{
    PyThreadState_EnterTracing as enter_tracing, PyThreadState_LeaveTracing as leave_tracing,
};

use super::insist;
use super::interpreter::Interpreter;
use super::object::{Attached, Obj, Raised};
use super::sending;
#[cfg(not(Py_3_11))]
use super::thread_state::{enter_tracing, leave_tracing};
use super::{interpreter, scope};

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
    /// It has ended; it was here when Python's lock came.
    Ended(String),
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

/// Time between two looks at a call that must not be interrupted where it is.
const MOMENT: Duration = Duration::from_micros(500);

/// Sends `TimeoutError` to a call; waits for the interpreter's lock, and for the call to come to a place
/// where it may be interrupted.
pub fn interrupt(interpreter: &Arc<Interpreter>, target: &impl Target) {
    let Some(visit) = interpreter.visit() else { return };
    loop {
        let entered = visit.interpreter().enter();
        let attached = entered.attached();
        target.reached();
        if !target.runs() {
            return;
        }
        let receiver = interpreter.receiver(attached, target.thread());
        if target.only_tells() {
            return target.done(&Attempt::Left(stack(attached, interpreter, target.thread())));
        }
        if !sending::is_shielded(attached, receiver) {
            let stack = stack(attached, interpreter, target.thread());
            if let Some(attempt) = send(attached, interpreter, target, stack) {
                return target.done(&attempt);
            }
        }
        drop(entered);
        std::thread::sleep(MOMENT);
    }
}

/// None when the call must not be interrupted where it is now.
fn send(
    attached: Attached<'_>,
    interpreter: &Interpreter,
    target: &impl Target,
    stack: String,
) -> Option<Attempt> {
    if target.insists() && target.runs() {
        insist::insist(attached, interpreter, target);
    }
    // Python code ran: the lock may have been away meanwhile.
    if !target.runs() {
        return Some(Attempt::Ended(stack));
    }
    if target.is_in_host() {
        return Some(Attempt::InHost(stack));
    }
    if !target.sends() {
        return Some(Attempt::Insisted);
    }
    let receiver = interpreter.receiver(attached, target.thread());
    // SAFETY: the class is Python's own.
    let is_sent = sending::send(attached, receiver, unsafe { ffi::PyExc_TimeoutError });
    is_sent.then_some(Attempt::Sent(stack))
}

/// The Python stack of a thread of the host.
fn stack(attached: Attached<'_>, interpreter: &Interpreter, thread: u64) -> String {
    let described = match interpreter.thread_state_of(attached, thread) {
        Some((_, frame)) => places(frame)
            .and_then(|places| Ok(scope::call(attached, c"describe_stack", &[places])?.to_text())),
        None => return "  (it is in no Python code)".to_owned(),
    };
    described.unwrap_or_else(|raised| {
        attached.clear(raised);
        "  (its stack cannot be shown)".to_owned()
    })
}

/// The frames of a stack with their lines, the innermost first. No Python code runs for that, so the call's thread
/// stays where it is.
fn places(frame: Obj<'_>) -> Result<Obj<'_>, Raised> {
    /// Of endless recursion the innermost part is told.
    const MOST: usize = 100;
    let attached = frame.attached();
    let mut places = Vec::new();
    let mut next = frame;
    while !next.is_none() && places.len() < MOST {
        let line = next.attribute(c"f_lineno")?;
        let outer = next.attribute(c"f_back")?;
        places.push(attached.tuple(vec![next, line])?);
        next = outer;
    }
    attached.list(places)
}

/// Takes back what was sent to calls of this thread that are over: an exception that has not arrived
/// yet, and what was done to end them.
pub fn take_back(attached: Attached<'_>, is_over: impl Fn(u64) -> bool) {
    settle(attached);
    // Afterwards: it may run Python code of its own.
    insist::relent(attached, is_over);
}

/// Lets no exception be on its way to this thread, and none to one that has ended.
///
/// One more is sent and taken. To withdraw it would not do: up to 3.12 Python then goes on looking
/// for it, which slows down all threads of the interpreter, and up to 3.11 one that has a trace
/// function never goes on at all, because it looks again before each function's first step.
pub fn settle(attached: Attached<'_>) {
    // SAFETY: the class is Python's own.
    let class = unsafe { ffi::PyExc_TimeoutError };
    sending::send_here(attached, interpreter::receiver_here(attached), class);
    if let Err(raised) = let_arrive(attached) {
        attached.clear(raised);
    }
}

/// The same in a function that Python code calls: the exception seems to come from there.
pub fn arrive_here(attached: Attached<'_>) -> Result<(), Raised> {
    let_arrive(attached).map_err(|raised| without_traceback(attached, raised))
}

#[cfg(Py_3_12)]
fn without_traceback(_: Attached<'_>, raised: Raised) -> Raised {
    // SAFETY: attached, with an exception set, which becomes ours and Python's again.
    unsafe {
        let exception = ffi::PyErr_GetRaisedException();
        ffi::PyException_SetTraceback(exception, ffi::Py_None());
        ffi::PyErr_SetRaisedException(exception);
    }
    raised
}

#[cfg(not(Py_3_12))]
fn without_traceback(_: Attached<'_>, raised: Raised) -> Raised {
    let (mut kind, mut value, mut traceback) =
        (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: attached; the references become ours, and Python's again but for the traceback.
    unsafe {
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        ffi::Py_XDECREF(traceback);
        ffi::PyErr_Restore(kind, value, std::ptr::null_mut());
    }
    raised
}

/// Raises what is sent to late calls.
pub fn raise(_: Attached<'_>) -> Raised {
    // SAFETY: attached.
    unsafe { ffi::PyErr_SetNone(ffi::PyExc_TimeoutError) };
    Raised
}

/// Lets an exception arrive that was sent to this thread: Python looks for them between two steps.
pub fn let_arrive(attached: Attached<'_>) -> Result<(), Raised> {
    // In a trace or profile function of the script's it would arrive too, and Python takes away one that
    // raises.
    untraced(attached, || scope::call(attached, c"take_a_step", &[]).map(drop))
}

/// Runs Python code of this thread without its trace and profile functions.
fn untraced<R>(_: Attached<'_>, body: impl FnOnce() -> R) -> R {
    // SAFETY: attached, so there is a thread state, which is this thread's before and after.
    unsafe {
        let thread_state = ffi::PyThreadState_Get();
        enter_tracing(thread_state);
        let result = body();
        leave_tracing(thread_state);
        result
    }
}
