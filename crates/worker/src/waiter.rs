//! Who waits for an answer.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use vh_core::error::Error;

use crate::message::Request;

/// What a call comes to: JSON text, or why there is none.
pub type Answer = Result<String, Error>;

/// What comes to a call.
#[derive(Debug)]
pub enum Delivery {
    /// It is over.
    Answer(Answer),
    /// The child asks something meanwhile.
    Request(Request),
}

/// One call's place for its answer.
#[derive(Debug, Default)]
pub struct Waiter {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Answer>,
    /// What the child asked before.
    requests: VecDeque<Request>,
    /// Somebody sleeps until there is an answer.
    is_asleep: bool,
    /// Nobody reads the child's answers, so the sleeper is to do it.
    is_called: bool,
}

impl Slot {
    fn has_something(&self) -> bool {
        self.answer.is_some() || !self.requests.is_empty()
    }
}

impl Waiter {
    /// Gives it its answer.
    pub fn give(&self, answer: Answer) {
        self.slot.lock().answer = Some(answer);
        self.changed.notify_all();
    }

    /// Gives it what the child asks.
    pub fn ask(&self, request: Request) {
        self.slot.lock().requests.push_back(request);
        self.changed.notify_all();
    }

    /// What has come, if anything has.
    pub fn take(&self) -> Option<Delivery> {
        let mut slot = self.slot.lock();
        let request = slot.requests.pop_front().map(Delivery::Request);
        request.or_else(|| slot.answer.take().map(Delivery::Answer))
    }

    /// Whether something has come.
    pub fn has_something(&self) -> bool {
        self.slot.lock().has_something()
    }

    /// Sleeps until there is an answer, or the sleeper is called to read, or until the deadline. True if it was
    /// called.
    pub fn sleep(&self, deadline: Instant) -> bool {
        let mut slot = self.slot.lock();
        slot.is_asleep = true;
        while !slot.has_something() && !slot.is_called {
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
