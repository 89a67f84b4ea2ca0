//! What the watchdog wants of whoever runs scripts: that a call past its deadline is interrupted there. How
//! that is done only the runtime knows.

use std::sync::Arc;

use super::watchdog::Attempt;

/// A place where calls run and can be interrupted.
pub trait Interrupt: std::fmt::Debug + Send + Sync {
    /// Tries to interrupt a call; may wait long for the interpreter's lock. What becomes of it is told to the
    /// attempt.
    fn interrupt(self: Arc<Self>, attempt: &Attempt);
}

/// The proof that a call's interpreter is attached to this thread.
pub trait Attachment: Copy {
    /// Takes back what was sent to calls of this thread that are over: an exception that has not arrived
    /// yet, and what was done to end them.
    fn take_back(self, is_over: impl Fn(u64) -> bool);
}
