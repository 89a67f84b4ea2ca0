//! One attempt to interrupt a call. It is made on a thread of its own, by who runs the call, and told here what
//! became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use crate::guard::script::ScriptInfo;
use crate::guard::slot::Slot;
use crate::guard::wake::{self, Woken};

/// What became of an attempt.
#[derive(Debug)]
pub enum AttemptResult {
    /// The exception is on its way; the script's stack was this.
    Sent(String),
    /// It is not sent again yet, but the call's steps are looked at now.
    Forced,
    /// It is left to run.
    Left(String),
    /// The call is in a function of the host, where it is left alone; called from here.
    InHost(String),
    /// It has ended; it was here when Python's lock came.
    Ended(String),
}

/// How far an attempt to interrupt the call has come.
#[derive(Debug, Default)]
pub struct Progress {
    pub state: AtomicU8,
    /// How the kernel calls the thread that makes it; 0 before it runs.
    pub thread: AtomicI32,
}

pub const WAITS_FOR_LOCK: u8 = 0;
pub const HAS_LOCK: u8 = 1;
pub const SENT: u8 = 2;
pub const IN_HOST: u8 = 3;
/// It is over and nothing came of it: another call ran inside of this one, or there was no thread.
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
    /// How long the call has run, if that is to be told.
    pub(super) tell: Option<u64>,
    /// Whether it is left to run.
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

/// For who makes the attempt, with the call's interpreter attached, when the call cannot go on.
impl Attempt {
    /// How Python calls the thread that the call runs on.
    pub fn thread(&self) -> u64 {
        self.slot.thread()
    }

    /// The call's number; a thread has no other of the same.
    pub fn call(&self) -> u64 {
        self.call
    }

    /// Whether the call still runs.
    pub fn runs(&self) -> bool {
        self.slot.runs(self.call) && !self.slot.is_over(self.call)
    }

    /// Whether it is only told of.
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

    /// From now on the call's thread is told so at its steps.
    pub fn force(&self) {
        self.slot.force(self.call);
    }

    /// Whether it is in a function of the host.
    pub fn is_in_host(&self) -> bool {
        self.slot.is_in_host()
    }

    /// The interpreter's lock is there.
    pub fn reached(&self) {
        self.progress.state.store(HAS_LOCK, Ordering::Release);
    }

    /// What has become of it.
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

/// The innermost line of a stack as Python shows it, and the innermost one of the script's own file
/// when that is another: what stands elsewhere may be called from many places of the script.
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
