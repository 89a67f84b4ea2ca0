//! Interrupts a call that runs in Python: an exception is sent to its thread, which takes it between two
//! steps of the script. A thread in native code does not take it.
//!
//! No exception comes too late: the sender asks again whether the call still runs once it has the
//! interpreter's lock, without which the call cannot end. What was sent and has not arrived is taken back
//! when the call ends.

use std::sync::Arc;
use std::time::Duration;

use pyo3_ffi as ffi;
#[cfg(Py_3_11)]
use pyo3_ffi::{
    PyThreadState_EnterTracing as enter_tracing, PyThreadState_LeaveTracing as leave_tracing,
};

use super::force_stop;
use super::interpreter::Interpreter;
use super::object::{Attached, Obj, Raised};
use super::sending;
#[cfg(not(Py_3_11))]
use super::thread_state::{enter_tracing, leave_tracing};
use super::{interpreter, scope};
use vh_guard::call;
use vh_guard::interrupt::{Attachment, Interrupt};
use vh_guard::watchdog::{Attempt, AttemptResult};

/// A call into a script of an interpreter of ours.
pub type Call<'c, 'a> = call::Call<'c, Attached<'a>>;

/// The time between two looks at a call that must not be interrupted where it is.
const MOMENT: Duration = Duration::from_micros(500);

impl Interrupt for Interpreter {
    /// Sends `TimeoutError` to a call; waits for the interpreter's lock, and for the call to come to a place
    /// where it may be interrupted.
    fn interrupt(self: Arc<Self>, attempt: &Attempt) {
        let Some(visit) = self.visit() else { return };
        loop {
            let entered = visit.interpreter().enter();
            let attached = entered.attached();
            attempt.reached();
            if !attempt.runs() {
                return;
            }
            let receiver = self.receiver(attached, attempt.thread());
            if attempt.only_tells() {
                return attempt.done(&AttemptResult::Left(stack(
                    attached,
                    &self,
                    attempt.thread(),
                )));
            }
            if !sending::is_shielded(attached, receiver) {
                let stack = stack(attached, &self, attempt.thread());
                if let Some(result) = send(attached, &self, attempt, stack) {
                    return attempt.done(&result);
                }
            }
            drop(entered);
            std::thread::sleep(MOMENT);
        }
    }
}

impl Attachment for Attached<'_> {
    fn take_back(self, is_over: impl Fn(u64) -> bool) {
        drain(self);
        // This comes afterwards because it may run Python code.
        force_stop::end(self, is_over);
    }
}

/// None when the call must not be interrupted where it is now.
fn send(
    attached: Attached<'_>,
    interpreter: &Interpreter,
    attempt: &Attempt,
    stack: String,
) -> Option<AttemptResult> {
    if attempt.forces() && attempt.runs() {
        force_stop::begin(attached, interpreter, attempt);
    }
    // Python code has run, so the lock may have been released meanwhile.
    if !attempt.runs() {
        return Some(AttemptResult::Ended(stack));
    }
    if attempt.is_in_host() {
        return Some(AttemptResult::InHost(stack));
    }
    if !attempt.sends() {
        return Some(AttemptResult::Forced);
    }
    let receiver = interpreter.receiver(attached, attempt.thread());
    // SAFETY: the class is Python's own.
    let is_sent = sending::send(attached, receiver, unsafe { ffi::PyExc_TimeoutError });
    is_sent.then_some(AttemptResult::Sent(stack))
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

/// The frames of a stack with their lines, the innermost first. No Python code runs for this, so the call's
/// thread does not move on meanwhile.
fn places(frame: Obj<'_>) -> Result<Obj<'_>, Raised> {
    /// How many frames are listed: of endless recursion only the innermost part is.
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

/// Makes sure that no exception is on its way to this thread, nor to one that has ended.
///
/// For that, one more is sent and taken. Withdrawing the exception would not be enough: up to 3.12 Python
/// would go on looking for it, which slows down all threads of the interpreter, and up to 3.11 a thread that
/// has a trace function would never go on, because it looks again before each function's first step.
pub fn drain(attached: Attached<'_>) {
    // SAFETY: the class is Python's own.
    let class = unsafe { ffi::PyExc_TimeoutError };
    sending::send_here(attached, interpreter::receiver_here(attached), class);
    if let Err(raised) = let_arrive(attached) {
        attached.clear(raised);
    }
}

/// Lets an exception arrive in a function that Python code calls, so that it seems to come from that
/// function.
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

/// Raises the exception that is sent to late calls.
pub fn raise(_: Attached<'_>) -> Raised {
    // SAFETY: attached.
    unsafe { ffi::PyErr_SetNone(ffi::PyExc_TimeoutError) };
    Raised
}

/// Lets an exception arrive that was sent to this thread, by running a step of Python code, for Python looks
/// for them between two steps.
pub fn let_arrive(attached: Attached<'_>) -> Result<(), Raised> {
    // It could also arrive in a trace or profile function of the script's, and Python removes such a function
    // when it raises.
    untraced(attached, || scope::call(attached, c"take_a_step", &[]).map(drop))
}

/// Runs Python code on this thread without its trace and profile functions.
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
