//! The thread that looks after calls: past its deadline a call is interrupted, and what cannot be
//! interrupted is named in the log, again and again at growing intervals.
//!
//! This thread never waits for Python: each attempt to interrupt a call has a thread of its own,
//! which may wait long for the interpreter's lock. It also sets the ticking clock.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::slot::{self, Seen, Slot};
use super::{Callee, memory, registry, wake};
use crate::clock;
use crate::python::interrupt::{self, Attempt, Target};
use crate::python::output;
use crate::scripts::Context;

mod turn;

use turn::Turn;

/// From the deadline to the first look whether the call has ended; doubled from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_secs(60);

/// How often it does what need not be done at once.
const CHORES: Duration = Duration::from_secs(1);

static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
static STOP: AtomicBool = AtomicBool::new(false);

/// Starts it; without a thread for it calls are not watched.
pub fn start() {
    let mut thread = THREAD.lock();
    if thread.is_some() {
        return;
    }
    clock::tick();
    STOP.store(false, Ordering::Release);
    let started = std::thread::Builder::new().name("python-watchdog".into()).spawn(run);
    match started {
        Ok(started) => *thread = Some(started),
        Err(error) => tracing::error!("no thread to watch scripts, deadlines are off: {error}"),
    }
}

/// Ends it.
pub fn stop() {
    STOP.store(true, Ordering::Release);
    if let Some(thread) = THREAD.lock().take() {
        thread.thread().unpark();
        // It takes no locks of Python's and calls no script, so it comes to its end.
        let _ = thread.join();
    }
}

fn run() {
    let mut pursuits: Vec<Pursuit> = Vec::new();
    let mut next_chores = 0;
    while !STOP.load(Ordering::Acquire) {
        let now = clock::tick();
        pursuits.retain(Pursuit::runs);
        for seen in slot::all().filter_map(Slot::look) {
            let time = now.saturating_sub(seen.started);
            match pursuits.iter_mut().find(|pursuit| pursuit.is_of(&seen)) {
                Some(pursuit) => pursuit.look(time),
                None if seen.limit > 0 && time >= seen.limit => {
                    pursuits.extend(Pursuit::start(&seen, time));
                }
                None => {}
            }
        }
        if now >= next_chores {
            next_chores = now + CHORES.as_nanos() as u64;
            do_chores(now);
        }
        std::thread::park_timeout(clock::TICK);
    }
}

/// What is done once a second.
fn do_chores(now: u64) {
    let scripts = registry::all();
    memory::look(&scripts, now);
    for script in scripts {
        script.callees.sum_up(now, false);
        output::tell_dropped(&script, now, false);
    }
}

/// A call that went past its deadline.
struct Pursuit {
    slot: &'static Slot,
    call: u64,
    /// Keeps the callee.
    script: Arc<Context>,
    callee: *const Callee,
    attempt: Arc<Progress>,
    /// The call's thread since that attempt began, or since it was sent the first exception.
    turn: Turn,
    /// Whether an attempt has come to the call, and told of it.
    is_told: bool,
    /// When to look again, in nanoseconds since the call began, and how long to wait after that.
    due: u64,
    wait: Duration,
}

/// How far an attempt to interrupt the call has come.
#[derive(Default)]
struct Progress {
    state: AtomicU8,
    /// How the kernel calls the thread that makes it; 0 before it runs.
    thread: AtomicI32,
}

const WAITS_FOR_LOCK: u8 = 0;
const HAS_LOCK: u8 = 1;
const SENT: u8 = 2;
const IN_HOST: u8 = 3;
/// It came when another call ran inside of this one, or the interpreter was closed.
const GAVE_UP: u8 = 4;

impl Pursuit {
    /// None when the call has ended this moment.
    fn start(seen: &Seen, time: u64) -> Option<Pursuit> {
        let script = registry::owner_of(seen.callee)?;
        if !seen.slot.runs(seen.call) {
            return None;
        }
        seen.slot.mark(seen.call);
        let mut pursuit = Pursuit {
            slot: seen.slot,
            call: seen.call,
            script,
            callee: seen.callee,
            attempt: Arc::default(),
            turn: Turn::of(seen.slot.kernel_thread()),
            is_told: false,
            due: time + FIRST_LOOK.as_nanos() as u64,
            wait: FIRST_LOOK * 2,
        };
        pursuit.interrupt(time);
        Some(pursuit)
    }

    fn is_of(&self, seen: &Seen) -> bool {
        ptr::eq(self.slot, seen.slot) && self.call == seen.call
    }

    /// False when the call has ended; one that another runs inside of comes back later.
    fn runs(&self) -> bool {
        self.slot.has_not_ended(self.call)
    }

    fn callee(&self) -> &Callee {
        // SAFETY: `registry::owner_of` found it in the script, which is kept.
        unsafe { &*self.callee }
    }

    /// Looks at the call again when it is time.
    fn look(&mut self, time: u64) {
        if time < self.due {
            return;
        }
        let attempt = self.attempt.thread.load(Ordering::Acquire);
        let state = self.attempt.state.load(Ordering::Acquire);
        let is_told = self.is_told;
        self.is_told |= has_come(state);
        match state {
            // The exception has a moment to be taken.
            SENT if !is_told => self.turn = Turn::of(self.slot.kernel_thread()),
            WAITS_FOR_LOCK if attempt == 0 || !self.turn.is_over(attempt) => {
                self.due = time + FIRST_LOOK.as_nanos() as u64;
                return;
            }
            WAITS_FOR_LOCK => self.warn(
                time,
                "native code keeps Python's lock, so it cannot be interrupted and all scripts of \
                 that lock wait for it",
            ),
            HAS_LOCK => {}
            IN_HOST => {
                self.warn(time, "it waits for a function of the hub, which cannot be interrupted");
                self.interrupt(time);
            }
            GAVE_UP => self.interrupt(time),
            _ => {
                if self.turn.is_over(attempt) {
                    self.warn(
                        time,
                        "it has not taken the TimeoutError: it waits in native code, which Python \
                         cannot interrupt, or catches the exception; it is sent again",
                    );
                }
                self.interrupt(time);
            }
        }
        self.due = time + self.wait.as_nanos() as u64;
        self.wait = (self.wait * 2).min(LAST_LOOK);
    }

    fn warn(&self, time: u64, reason: &str) {
        tracing::error!(
            script = %self.script.label,
            "{} has been running for {:.1} s: {reason}",
            self.callee().name(),
            seconds(time)
        );
    }

    /// Tries to interrupt the call, on a thread of its own.
    fn interrupt(&mut self, time: u64) {
        self.attempt = Arc::default();
        self.turn = Turn::of(self.slot.kernel_thread());
        let try_it = Try {
            slot: self.slot,
            call: self.call,
            script: Arc::clone(&self.script),
            name: self.callee().name().to_owned(),
            progress: Arc::clone(&self.attempt),
            // Later ones are told as they fail.
            tell: (!self.is_told).then_some(time),
        };
        let run = move || {
            // SAFETY: always allowed.
            let own = unsafe { libc::gettid() };
            try_it.progress.thread.store(own, Ordering::Release);
            if let Some(interpreter) = try_it.script.profile.interpreter() {
                interrupt::interrupt(&interpreter, &try_it);
            }
            try_it.progress.end();
        };
        let thread = std::thread::Builder::new().name("python-interrupt".into()).spawn(run);
        if let Err(error) = thread {
            self.warn(time, &format!("it cannot be interrupted, no thread for that: {error}"));
            self.attempt.end();
        }
    }
}

/// Whether an attempt in this state has come to the call.
fn has_come(state: u8) -> bool {
    matches!(state, SENT | IN_HOST)
}

impl Progress {
    /// The attempt is over.
    fn end(&self) {
        if !has_come(self.state.load(Ordering::Acquire)) {
            self.state.store(GAVE_UP, Ordering::Release);
        }
    }
}

/// One attempt to interrupt a call.
struct Try {
    slot: &'static Slot,
    call: u64,
    script: Arc<Context>,
    name: String,
    progress: Arc<Progress>,
    /// How long the call has run, if that is to be told.
    tell: Option<u64>,
}

impl Target for Try {
    fn thread(&self) -> u64 {
        self.slot.thread()
    }

    fn runs(&self) -> bool {
        self.slot.runs(self.call)
    }

    fn is_in_host(&self) -> bool {
        self.slot.is_in_host()
    }

    fn reached(&self) {
        self.progress.state.store(HAS_LOCK, Ordering::Release);
    }

    fn done(&self, attempt: &Attempt) {
        let (what, stack, state) = match attempt {
            Attempt::Ended => return,
            Attempt::InHost(stack) => ("it waits for the hub", stack, IN_HOST),
            Attempt::Sent(stack) if wake::wake(self.slot, self.call) => (
                "it is interrupted with TimeoutError, and the socket it waits for is shut down",
                stack,
                SENT,
            ),
            Attempt::Sent(stack) => ("it is interrupted with TimeoutError", stack, SENT),
        };
        self.progress.state.store(state, Ordering::Release);
        if let Some(time) = self.tell {
            tracing::error!(
                script = %self.script.label,
                "{} has been running for {:.1} s, longer than it may: {what}\n{stack}",
                self.name,
                seconds(time)
            );
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
