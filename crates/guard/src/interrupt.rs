//! What the watchdog needs of whoever runs scripts: a way to interrupt a call past its deadline. How that is
//! done, only the runtime knows.

use std::sync::Arc;

use super::watchdog::Attempt;

/// A place where calls run and can be interrupted.
pub trait Interrupt: std::fmt::Debug + Send + Sync {
    /// Tries to interrupt a call, which may mean a long wait for the interpreter's lock, and tells the
    /// attempt what became of it. It must ask the attempt again whether the call still runs once it has that
    /// lock: the call cannot end while it is held, so no exception comes too late.
    fn interrupt(self: Arc<Self>, attempt: &Attempt);
}

/// The proof that a call's interpreter is attached to this thread.
pub trait Attachment: Copy {
    /// Takes back what was done to end calls of this thread that are over by now: an exception that was sent
    /// and has not arrived, and whatever makes their steps fail.
    fn take_back(self, is_over: impl Fn(u64) -> bool);
}
