//! A call that went past its deadline. It is looked at again and again, and each look may try to interrupt
//! it.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::Warning;
use super::attempt::{
    Attempt, GAVE_UP, HAS_LOCK, IN_HOST, Progress, SENT, WAITS_FOR_LOCK, seconds,
};
use super::turn::Turn;
use crate::directory;
use crate::entry_point::EntryPoint;
use crate::script::ScriptInfo;
use crate::slot::{self, Seen, Slot};
use vh_core::panics::point;
use vh_core::spawn;

/// The time from the deadline to the first look at the call, and between the next ones. The first few looks
/// are not logged; from then on the time doubles from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const FAST_LOOKS: u32 = 3;
const LAST_LOOK: Duration = Duration::from_secs(60);

/// A call that is never interrupted is logged after so long, then after twice that, and so on.
pub const PATIENCE: Duration = Duration::from_secs(5);

const HUB: &str = "it waits for a function of the hub, which cannot be interrupted";

/// A call that went past its deadline, or would have if waiting for the hub counted.
pub struct Pursuit {
    slot: &'static Slot,
    call: u64,
    /// Whether it went past its deadline without counting such waits: only then it is interrupted.
    is_late: bool,
    /// Keeps the entry point alive.
    script: Arc<ScriptInfo>,
    entry_point: *const EntryPoint,
    attempt: Arc<Progress>,
    /// What the call's thread has done since that attempt began.
    turn: Turn,
    /// When to look again, in nanoseconds since the call began, and how long to wait after that.
    due: u64,
    wait: Duration,
    looks: u32,
    /// Whether it is only logged, and never interrupted.
    is_told_only: bool,
}

impl Pursuit {
    /// Starts to pursue a call; None when it has just ended.
    pub fn start(
        seen: &Seen,
        time: u64,
        is_late: bool,
        teller: &Sender<Warning>,
    ) -> Option<Pursuit> {
        let script = directory::owner_of(seen.entry_point)?;
        if !seen.slot.runs(seen.call) {
            return None;
        }
        let is_told_only = seen.limit == slot::TOLD_ONLY;
        let wait = if is_told_only { PATIENCE } else { FIRST_LOOK };
        let mut pursuit = Pursuit {
            slot: seen.slot,
            call: seen.call,
            is_late: false,
            script,
            entry_point: seen.entry_point,
            attempt: Arc::default(),
            turn: Turn::of(seen.slot.kernel_thread()),
            due: time + wait.as_nanos() as u64,
            wait,
            looks: 0,
            is_told_only,
        };
        if is_late {
            pursuit.becomes_late(time, teller);
        } else {
            pursuit.interrupt(time, teller);
        }
        Some(pursuit)
    }

    pub fn is_of(&self, seen: &Seen) -> bool {
        ptr::eq(self.slot, seen.slot) && self.call == seen.call
    }

    /// Whether the call has not ended. One inside of which another runs comes back later.
    pub fn runs(&self) -> bool {
        self.slot.has_not_ended(self.call)
    }

    fn entry_point(&self) -> &EntryPoint {
        // SAFETY: `directory::owner_of` found it in the script, which is kept.
        unsafe { &*self.entry_point }
    }

    /// The call is late from now on, and is to end.
    fn becomes_late(&mut self, time: u64, teller: &Sender<Warning>) {
        self.slot.mark(self.call);
        self.is_late = true;
        self.looks = 0;
        self.wait = FIRST_LOOK;
        self.due = time + FIRST_LOOK.as_nanos() as u64;
        self.interrupt(time, teller);
    }

    /// Looks at the call again when it is time.
    pub fn look(&mut self, time: u64, is_late: bool, teller: &Sender<Warning>) {
        if self.is_told_only {
            return self.tell_again(time, teller);
        }
        if is_late && !self.is_late {
            return self.becomes_late(time, teller);
        }
        if time < self.due || !self.is_late && !self.slot.is_in_host() {
            return;
        }
        self.looks += 1;
        self.go_on(time, teller);
        if self.looks >= FAST_LOOKS {
            self.wait = (self.wait * 2).min(LAST_LOOK);
        }
        self.due = time + self.wait.as_nanos() as u64;
    }

    /// What is done and logged at a look.
    fn go_on(&mut self, time: u64, teller: &Sender<Warning>) {
        let tells = self.looks > FAST_LOOKS;
        match self.attempt.state.load(Ordering::Acquire) {
            _ if !self.is_late => {
                if tells {
                    self.warn(time, HUB, teller);
                }
            }
            // On a busy machine it takes a while before anything can be said.
            WAITS_FOR_LOCK if !self.had_its_turn() => self.looks -= 1,
            WAITS_FOR_LOCK if self.looks == 2 || tells => self.warn(
                time,
                "native code, such as a pattern of re, keeps Python's lock, so it cannot be interrupted and all \
                 scripts of that lock wait for it; where it gives the lock back before the call is over, its \
                 line follows",
                teller,
            ),
            WAITS_FOR_LOCK => {}
            // The attempt is looking at the stack, for which it may have to import, and will send the
            // exception then.
            HAS_LOCK => self.looks -= 1,
            // The attempt counts as not made.
            GAVE_UP => {
                self.looks -= 1;
                self.interrupt(time, teller);
            }
            // The script may be cleaning up, so it is not disturbed at once.
            SENT if self.looks == 1 => self.interrupt(time, teller),
            SENT if self.looks < FAST_LOOKS => {}
            IN_HOST => {
                if tells {
                    self.warn(time, HUB, teller);
                }
                self.interrupt(time, teller);
            }
            _ => {
                if tells {
                    self.warn(
                        time,
                        "it has not taken the TimeoutError: it waits in native code, which Python \
                         cannot interrupt, or catches the exception; it is sent again",
                        teller,
                    );
                }
                self.interrupt(time, teller);
            }
        }
    }

    /// Whether the call's thread has had time enough to give Python's lock to the attempt.
    pub(super) fn had_its_turn(&self) -> bool {
        let attempt = self.attempt.thread.load(Ordering::Acquire);
        attempt != 0 && self.turn.is_over(attempt)
    }

    /// The same for a call that is left to run.
    fn tell_again(&mut self, time: u64, teller: &Sender<Warning>) {
        if time >= self.due {
            self.interrupt(time, teller);
            self.wait = (self.wait * 2).min(LAST_LOOK);
            self.due = time + self.wait.as_nanos() as u64;
        }
    }

    fn warn(&self, time: u64, reason: &str, teller: &Sender<Warning>) {
        let name = self.entry_point().name();
        let text = format!("{name} has been running for {:.1} s: {reason}", seconds(time));
        // This fails only when there is no thread that would log it.
        let _ = teller.send(Warning { script: Arc::clone(&self.script), text });
    }

    /// Tries to interrupt the call, on a thread of its own.
    fn interrupt(&mut self, time: u64, teller: &Sender<Warning>) {
        self.attempt = Arc::default();
        self.turn = Turn::of(self.slot.kernel_thread());
        let attempt = Attempt {
            slot: self.slot,
            call: self.call,
            script: Arc::clone(&self.script),
            name: self.entry_point().name().to_owned(),
            progress: Arc::clone(&self.attempt),
            // Later attempts are logged when they fail.
            tell: (self.looks == 0 || self.is_told_only).then_some(time),
            only_tells: self.is_told_only,
            forces: self.is_late && self.looks > 0,
            sends: self.is_late && self.looks != 1,
        };
        let run = move || {
            // SAFETY: always allowed.
            let own = unsafe { libc::gettid() };
            attempt.progress.thread.store(own, Ordering::Release);
            if let Some(place) = attempt.script.interrupt() {
                place.interrupt(&attempt);
            }
        };
        let thread = spawn::once(point!("python-interrupt"), run);
        if let Err(error) = thread {
            self.warn(
                time,
                &format!("it cannot be interrupted, no thread for that: {error}"),
                teller,
            );
            self.attempt.end();
        }
    }
}

/// What tests say of the attempt in the place of its thread.
#[cfg(test)]
impl Pursuit {
    pub fn state(&self) -> u8 {
        self.attempt.state.load(Ordering::Acquire)
    }

    /// Whether the thread of the attempt has no more to say.
    pub fn is_tried(&self) -> bool {
        Arc::strong_count(&self.attempt) == 1
    }

    pub fn set_state(&self, state: u8) {
        self.attempt.state.store(state, Ordering::Release);
    }

    pub fn set_thread(&self, thread: i32) {
        self.attempt.thread.store(thread, Ordering::Release);
    }
}
