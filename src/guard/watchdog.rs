//! The thread that looks after calls: past its deadline a call is interrupted, and what cannot be
//! interrupted is named in the log, again and again at growing intervals.
//!
//! This thread never waits for Python: each attempt to interrupt a call has a thread of its own,
//! which may wait long for the interpreter's lock. Nor does it write to the log, which may block: a
//! second thread does, and also what is to be done once a second. So the ticking clock, which it sets,
//! goes on.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::slot::{self, Seen, Slot};
use super::waits::Waits;
use super::wake::Woken;
use super::{Callee, crash, memory, registry, wake};
use crate::clock;
use crate::panics::{point, strike};
use crate::python::interrupt::{self, Attempt, Target};
use crate::python::output;
use crate::scripts::Context;
use crate::spawn;

mod turn;

use turn::Turn;

/// From the deadline to the first look whether the call has ended, and from there to the next ones.
/// The first few are not told; then the time doubles from look to look.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const FAST_LOOKS: u32 = 3;
const LAST_LOOK: Duration = Duration::from_secs(60);

/// What is never interrupted is told of after so long, then after twice that and so on.
const PATIENCE: Duration = Duration::from_secs(5);

const HUB: &str = "it waits for a function of the hub, which cannot be interrupted";

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
    wake::tell_if_blind();
    STOP.store(false, Ordering::Release);
    let is_wanted = || !STOP.load(Ordering::Acquire);
    let started = spawn::lasting(point!("python-watchdog"), is_wanted, run);
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
        // It takes no locks of Python's and calls no script, so it comes to its end; what it died of has
        // been told.
        let _ = thread.join();
    }
}

fn run() {
    let (teller, warnings) = mpsc::channel();
    let chores = move || tell_and_do_chores(&warnings);
    let second = spawn::lasting(point!("python-chores"), || true, chores)
        .inspect_err(|error| tracing::error!("no thread to warn of scripts: {error}"));
    watch(&teller);
    drop(teller);
    if let Ok(second) = second {
        let _ = second.join();
    }
}

/// Looks at all calls at every tick.
fn watch(teller: &Sender<Warning>) {
    let mut pursuits: Vec<Pursuit> = Vec::new();
    let mut waits = Waits::default();
    while !STOP.load(Ordering::Acquire) {
        let now = clock::tick();
        pursuits.retain(Pursuit::runs);
        waits.tick(now);
        for seen in slot::all().filter_map(Slot::look) {
            let time = now.saturating_sub(seen.started);
            let waited = waits.of(&seen);
            let (limit, may_end) = match seen.limit {
                0 => continue,
                slot::TOLD_ONLY => (PATIENCE.as_nanos() as u64, false),
                limit => (limit, true),
            };
            if time < limit {
                continue;
            }
            let is_late = may_end && time.saturating_sub(waited) >= limit;
            match pursuits.iter_mut().find(|pursuit| pursuit.is_of(&seen)) {
                Some(pursuit) => pursuit.look(time, is_late, teller),
                None if is_late || seen.is_in_host || !may_end => {
                    pursuits.extend(Pursuit::start(&seen, time, is_late, teller));
                }
                None => {}
            }
        }
        memory::look();
        crash::look_again();
        strike!("python-watchdog, at a tick");
        std::thread::park_timeout(clock::TICK);
    }
}

/// What is to be told about a script.
struct Warning {
    script: Arc<Context>,
    text: String,
}

/// Until the watchdog ends.
fn tell_and_do_chores(warnings: &mpsc::Receiver<Warning>) {
    let mut next_chores = Instant::now();
    loop {
        match warnings.recv_timeout(next_chores.saturating_duration_since(Instant::now())) {
            Ok(Warning { script, text }) => tracing::error!(script = %script.label, "{text}"),
            Err(RecvTimeoutError::Timeout) => {
                next_chores = Instant::now() + CHORES;
                do_chores();
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// What is done once a second.
fn do_chores() {
    strike!("python-chores, once a second");
    let now = clock::ticking();
    for script in registry::all() {
        script.callees.sum_up(now, false);
        output::tell_dropped(&script, now, false);
    }
}

/// A call that went past its deadline, or would have but for waiting for the hub.
struct Pursuit {
    slot: &'static Slot,
    call: u64,
    /// Whether it did so by itself: only then it is interrupted.
    is_late: bool,
    /// Keeps the callee.
    script: Arc<Context>,
    callee: *const Callee,
    attempt: Arc<Progress>,
    /// The call's thread since that attempt began.
    turn: Turn,
    /// When to look again, in nanoseconds since the call began, and how long to wait after that.
    due: u64,
    wait: Duration,
    looks: u32,
    /// Whether it is told of only.
    is_told_only: bool,
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
/// It is over and nothing came of it: another call ran inside of this one, or there was no thread.
const GAVE_UP: u8 = 4;

impl Progress {
    /// The attempt is over.
    fn end(&self) {
        if !matches!(self.state.load(Ordering::Acquire), SENT | IN_HOST) {
            self.state.store(GAVE_UP, Ordering::Release);
        }
    }
}

impl Pursuit {
    /// None when the call has ended this moment.
    fn start(seen: &Seen, time: u64, is_late: bool, teller: &Sender<Warning>) -> Option<Pursuit> {
        let script = registry::owner_of(seen.callee)?;
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
            callee: seen.callee,
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

    /// The call is to end.
    fn becomes_late(&mut self, time: u64, teller: &Sender<Warning>) {
        self.slot.mark(self.call);
        self.is_late = true;
        self.looks = 0;
        self.wait = FIRST_LOOK;
        self.due = time + FIRST_LOOK.as_nanos() as u64;
        self.interrupt(time, teller);
    }

    /// Looks at the call again when it is time.
    fn look(&mut self, time: u64, is_late: bool, teller: &Sender<Warning>) {
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
        let tells = self.looks > FAST_LOOKS;
        match self.attempt.state.load(Ordering::Acquire) {
            _ if !self.is_late => {
                if tells {
                    self.warn(time, HUB, teller);
                }
            }
            // On a busy machine it takes its time before anything can be said.
            WAITS_FOR_LOCK if !self.had_its_turn() => self.looks -= 1,
            WAITS_FOR_LOCK if self.looks == 2 || tells => self.warn(
                time,
                "native code, such as a pattern of re, keeps Python's lock, so it cannot be interrupted and all \
                 scripts of that lock wait for it; where it gives the lock back before the call is over, its \
                 line follows",
                teller,
            ),
            WAITS_FOR_LOCK => {}
            // It looks at the stack, for which it may have to import, and will send then.
            HAS_LOCK => self.looks -= 1,
            // As if it had not been made.
            GAVE_UP => {
                self.looks -= 1;
                self.interrupt(time, teller);
            }
            // It may be cleaning up: it is not disturbed at once.
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
        if self.looks >= FAST_LOOKS {
            self.wait = (self.wait * 2).min(LAST_LOOK);
        }
        self.due = time + self.wait.as_nanos() as u64;
    }

    /// Whether the call's thread could have given Python's lock to who tries to interrupt it.
    fn had_its_turn(&self) -> bool {
        let attempt = self.attempt.thread.load(Ordering::Acquire);
        attempt != 0 && self.turn.is_over(attempt)
    }

    /// The same for one that is left to run.
    fn tell_again(&mut self, time: u64, teller: &Sender<Warning>) {
        if time >= self.due {
            self.interrupt(time, teller);
            self.wait = (self.wait * 2).min(LAST_LOOK);
            self.due = time + self.wait.as_nanos() as u64;
        }
    }

    fn warn(&self, time: u64, reason: &str, teller: &Sender<Warning>) {
        let name = self.callee().name();
        let text = format!("{name} has been running for {:.1} s: {reason}", seconds(time));
        // Nobody hears only when there was no thread for it.
        let _ = teller.send(Warning { script: Arc::clone(&self.script), text });
    }

    /// Tries to interrupt the call, on a thread of its own.
    fn interrupt(&mut self, time: u64, teller: &Sender<Warning>) {
        self.attempt = Arc::default();
        self.turn = Turn::of(self.slot.kernel_thread());
        let try_it = Try {
            slot: self.slot,
            call: self.call,
            script: Arc::clone(&self.script),
            name: self.callee().name().to_owned(),
            progress: Arc::clone(&self.attempt),
            // Later ones are told as they fail.
            tell: (self.looks == 0 || self.is_told_only).then_some(time),
            only_tells: self.is_told_only,
            insists: self.is_late && self.looks > 0,
            sends: self.is_late && self.looks != 1,
        };
        let run = move || {
            // SAFETY: always allowed.
            let own = unsafe { libc::gettid() };
            try_it.progress.thread.store(own, Ordering::Release);
            if let Some(interpreter) = try_it.script.profile.interpreter() {
                interrupt::interrupt(&interpreter, &try_it);
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

/// One attempt to interrupt a call.
struct Try {
    slot: &'static Slot,
    call: u64,
    script: Arc<Context>,
    name: String,
    progress: Arc<Progress>,
    /// How long the call has run, if that is to be told.
    tell: Option<u64>,
    /// Whether it is left to run.
    only_tells: bool,
    /// Whether to look at its steps, and whether to send the exception.
    insists: bool,
    sends: bool,
}

impl Drop for Try {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl Target for Try {
    fn thread(&self) -> u64 {
        self.slot.thread()
    }

    fn call(&self) -> u64 {
        self.call
    }

    fn runs(&self) -> bool {
        self.slot.runs(self.call) && !self.slot.is_over(self.call)
    }

    fn only_tells(&self) -> bool {
        self.only_tells
    }

    fn insists(&self) -> bool {
        self.insists
    }

    fn sends(&self) -> bool {
        self.sends
    }

    fn insist(&self) {
        self.slot.insist(self.call);
    }

    fn is_in_host(&self) -> bool {
        self.slot.is_in_host()
    }

    fn reached(&self) {
        self.progress.state.store(HAS_LOCK, Ordering::Release);
    }

    fn done(&self, attempt: &Attempt) {
        let callee = self.script.callees.named(&self.name);
        let (what, stack, state) = match attempt {
            Attempt::Ended(_) if !self.sends => return,
            Attempt::Ended(stack) => ("it has just ended; it was here", stack, GAVE_UP),
            Attempt::Insisted => return self.progress.state.store(SENT, Ordering::Release),
            Attempt::Left(stack) => ("the hub waits for it", stack, HAS_LOCK),
            Attempt::InHost(stack) => ("it waits for the hub", stack, IN_HOST),
            Attempt::Sent(stack) => match wake::wake(self.slot, self.call) {
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
        let is_new = callee.is_none_or(|callee| match state {
            _ if self.only_tells => true,
            IN_HOST => callee.waits_for_hub(&place),
            _ => callee.is_late(&place),
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

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}
