//! One attempt to interrupt a call. Whoever runs the call makes it, on a thread of its own, and tells here
//! what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use crate::script::ScriptInfo;
use crate::slot::Slot;
use crate::wake::{self, Woken};

/// What became of an attempt.
#[derive(Debug)]
pub enum AttemptResult {
    /// The exception is on its way; this was the script's stack.
    Sent(String),
    /// No exception is sent again yet, but from now on the call's steps are looked at.
    Forced,
    /// The call is left to run; this is its stack.
    Left(String),
    /// The call is in a function of the host, where it is left alone; it was called from here.
    InHost(String),
    /// The call has ended; it was here when Python's lock was got.
    Ended(String),
}

/// How far an attempt to interrupt the call has come.
#[derive(Debug, Default)]
pub struct Progress {
    pub state: AtomicU8,
    /// The kernel's number of the thread that makes it; 0 before it runs.
    pub thread: AtomicI32,
}

pub const WAITS_FOR_LOCK: u8 = 0;
pub const HAS_LOCK: u8 = 1;
pub const SENT: u8 = 2;
pub const IN_HOST: u8 = 3;
/// The attempt is over and nothing came of it: another call ran inside of this one, or there was no thread
/// for it.
pub const GAVE_UP: u8 = 4;

impl Progress {
    /// The attempt is over.
    pub fn end(&self) {
        if !matches!(self.state.load(Ordering::Acquire), SENT | IN_HOST) {
            self.state.store(GAVE_UP, Ordering::Release);
        }
    }
}

/// One attempt to interrupt a call.
#[derive(Debug)]
pub struct Attempt {
    pub(super) slot: &'static Slot,
    pub(super) call: u64,
    pub(super) script: Arc<ScriptInfo>,
    pub(super) name: String,
    pub(super) progress: Arc<Progress>,
    /// How long the call has run, if that is to be logged.
    pub(super) tell: Option<u64>,
    /// Whether the call is left to run.
    pub(super) only_tells: bool,
    /// Whether to look at its steps, and whether to send the exception.
    pub(super) forces: bool,
    pub(super) sends: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.progress.end();
    }
}

/// For whoever makes the attempt, with the call's interpreter attached: the call cannot go on meanwhile.
impl Attempt {
    /// The number, for Python, of the thread on which the call runs.
    pub fn thread(&self) -> u64 {
        self.slot.thread()
    }

    /// The call's number; no other call of the thread has it.
    pub fn call(&self) -> u64 {
        self.call
    }

    /// The name of the hook or function that is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the call still runs.
    pub fn runs(&self) -> bool {
        self.slot.runs(self.call) && !self.slot.is_over(self.call)
    }

    /// Whether the call is only logged and left to run.
    pub fn only_tells(&self) -> bool {
        self.only_tells
    }

    /// Whether an exception was sent before, so that the call's steps are to be looked at.
    pub fn forces(&self) -> bool {
        self.forces
    }

    /// Whether an exception is sent now.
    pub fn sends(&self) -> bool {
        self.sends
    }

    /// From now on the steps of the call are to fail.
    pub fn force(&self) {
        self.slot.force(self.call);
    }

    /// Whether the call is in a function of the host.
    pub fn is_in_host(&self) -> bool {
        self.slot.is_in_host()
    }

    /// The attempt has got the interpreter's lock.
    pub fn reached(&self) {
        self.progress.state.store(HAS_LOCK, Ordering::Release);
    }

    /// Tells what has become of the attempt.
    pub fn done(&self, result: &AttemptResult) {
        let entry_point = self.script.entry_points.named(&self.name);
        let (what, stack, state) = match result {
            AttemptResult::Ended(_) if !self.sends => return,
            AttemptResult::Ended(stack) => ("it has just ended; it was here", stack, GAVE_UP),
            AttemptResult::Forced => return self.progress.state.store(SENT, Ordering::Release),
            AttemptResult::Left(stack) => ("the hub waits for it", stack, HAS_LOCK),
            AttemptResult::InHost(stack) => ("it waits for the hub", stack, IN_HOST),
            AttemptResult::Sent(stack) => match wake::wake(self.slot, self.call) {
                Woken::ShutDown => (
                    "it is interrupted with TimeoutError, and the socket it waits for is shut down",
                    stack,
                    SENT,
                ),
                Woken::WouldKill => (
                    "it is sent TimeoutError, but waits to send on a socket, which cannot be \
                     interrupted where SIGPIPE ends the process",
                    stack,
                    SENT,
                ),
                Woken::Nothing => ("it is interrupted with TimeoutError", stack, SENT),
                Woken::Unseen => (wake::INTERRUPTED_UNSEEN, stack, SENT),
            },
        };
        if state == SENT {
            self.slot.was_sent(self.call);
        }
        self.progress.state.store(state, Ordering::Release);
        let Some(time) = self.tell else { return };
        let place = place_of(stack, &self.script.path().to_string_lossy());
        let is_new = entry_point.is_none_or(|entry_point| match state {
            _ if self.only_tells => true,
            IN_HOST => entry_point.waits_for_hub(&place),
            _ => entry_point.is_late(&place),
        });
        if is_new {
            tracing::error!(
                script = %self.script.label,
                "{} has been running for {:.1} s{}: {what}\n{stack}",
                self.name,
                seconds(time),
                if self.only_tells { "" } else { ", longer than it may" }
            );
        }
    }
}

/// The innermost line of a stack as Python shows it. When it lies in another file than the script's, also the
/// innermost line of the script, for the other may be called from many places.
fn place_of(stack: &str, script: &str) -> String {
    let entry = |line| {
        let (file, rest) =
            str::trim_start(line).strip_prefix("File \"")?.split_once("\", line ")?;
        let (number, function) = rest.split_once(", in ")?;
        Some((file, number, function))
    };
    let mut inside = stack.lines().rev().filter_map(entry);
    let Some((file, number, function)) = inside.next() else { return stack.trim().to_owned() };
    let place = format!("{function} of {file}, line {number}");
    match inside.find(|&(caller, ..)| file != script && caller == script) {
        Some((_, number, _)) => format!("{place}, called in line {number} of the script"),
        None => place,
    }
}

/// For the log.
pub fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

#[cfg(test)]
mod tests;
