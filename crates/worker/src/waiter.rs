//! Who waits for an answer.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use vh_core::error::Error;

/// What a call comes to: JSON text, or why there is none.
pub type Answer = Result<String, Error>;

/// One call's place for its answer.
#[derive(Debug, Default)]
pub struct Waiter {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Answer>,
    /// Somebody sleeps until there is an answer.
    is_asleep: bool,
    /// Nobody reads the child's answers, so the sleeper is to do it.
    is_called: bool,
}

impl Waiter {
    /// Gives it its answer.
    pub fn give(&self, answer: Answer) {
        self.slot.lock().answer = Some(answer);
        self.changed.notify_all();
    }

    /// The answer, if it has come.
    pub fn take(&self) -> Option<Answer> {
        self.slot.lock().answer.take()
    }

    /// Whether the answer has come.
    pub fn is_answered(&self) -> bool {
        self.slot.lock().answer.is_some()
    }

    /// Sleeps until there is an answer, or the sleeper is called to read, or until the deadline. True if it was
    /// called.
    pub fn sleep(&self, deadline: Instant) -> bool {
        let mut slot = self.slot.lock();
        slot.is_asleep = true;
        while slot.answer.is_none() && !slot.is_called {
            if self.changed.wait_until(&mut slot, deadline).timed_out() {
                break;
            }
        }
        slot.is_asleep = false;
        std::mem::take(&mut slot.is_called)
    }

    /// Calls the sleeper to read. False if nobody sleeps here.
    pub fn call_to_read(&self) -> bool {
        let mut slot = self.slot.lock();
        if !slot.is_asleep {
            return false;
        }
        slot.is_called = true;
        self.changed.notify_all();
        true
    }
}
