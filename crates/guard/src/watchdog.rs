//! The thread that looks after calls: it interrupts a call past its deadline, and names in the log what
//! cannot be interrupted, again and again at growing intervals.
//!
//! This thread never waits for Python: each attempt to interrupt a call has a thread of its own, which may
//! wait long for the interpreter's lock. Nor does it write to the log, which may block: a second thread does
//! that, and also what is to be done once a second. So nothing stops the ticking clock, which this thread
//! sets.
//!
//! Only the innermost call of a thread is judged. The time of calls inside it is not its own, nor is time in
//! slow functions of the host (`waits`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::script::ScriptInfo;
use super::slot::{self, Slot};
use super::waits::Waits;
use super::{crash, directory, memory, output, wake};
use vh_core::clock;
use vh_core::panics::{point, strike};
use vh_core::spawn;

mod attempt;
mod pursuit;
#[cfg(test)]
mod tests;
mod turn;

pub use attempt::{Attempt, AttemptResult};
use pursuit::Pursuit;

/// How often the second thread does what need not be done at once.
const CHORES: Duration = Duration::from_secs(1);

static THREAD: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
static STOP: AtomicBool = AtomicBool::new(false);

/// Starts it. If there is no thread for it, calls are not watched.
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
        // It takes no locks of Python's and calls no script, so it ends. If it died, that has been logged.
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
                slot::TOLD_ONLY => (pursuit::PATIENCE.as_nanos() as u64, false),
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

/// What is to be logged about a script.
struct Warning {
    script: Arc<ScriptInfo>,
    text: String,
}

/// The second thread's work, until the watchdog ends.
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
    for script in directory::all() {
        script.entry_points.sum_up(now, false);
        output::tell_dropped(&script, now, false);
    }
}
