//! Replacing the process of a script, after so many calls, from so much memory on, or at an age.
//!
//! The new process is started while the old one goes on. When it is ready, the script moves at its next call: it is
//! unloaded in the old one and loaded in the new one, as at a reload. In this order, because what a script has
//! registered, opened or bound is there only once.
//!
//! # Locks
//!
//! `stage` is a leaf lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use vh_core::error::Error;
use vh_core::panics::point;
use vh_core::spawn;
use vh_guard::memory;
use vh_guard::script::ScriptInfo;
use vh_guard::settings::{Recycling, unload_time};
use vh_guard::slot;

use super::Failure;
use super::ending::say_goodbye;
use super::process::{Child, PATIENCE, Process, wait_until};

/// How often it is looked how much memory a process takes.
const LOOK: Duration = Duration::from_secs(1);
/// After how long it is tried again to replace a process.
const AGAIN: Duration = Duration::from_secs(10);
/// How long an unload waits for a process that is just being started.
const LONGEST_START: Duration = Duration::from_secs(5);

/// What is known of a process that may be replaced, and of the next one.
#[derive(Debug)]
pub struct Replacement {
    calls: AtomicU64,
    stage: Mutex<Stage>,
}

#[derive(Debug)]
struct Stage {
    /// Since when the script has been in its process.
    since: Instant,
    /// When its memory is looked at next.
    look_at: Instant,
    /// Nothing is tried before.
    not_before: Instant,
    next: Next,
}

/// The process that is to be the next.
#[derive(Debug)]
enum Next {
    /// None is needed.
    None,
    /// It is being started.
    Starting,
    /// It waits for the script, which moves for this reason.
    Ready(Child, String),
}

impl Default for Replacement {
    fn default() -> Replacement {
        let now = Instant::now();
        let stage = Stage { since: now, look_at: now, not_before: now, next: Next::None };
        Replacement { calls: AtomicU64::new(0), stage: Mutex::new(stage) }
    }
}

impl Replacement {
    /// The script is in a new process.
    pub fn begins_anew(&self) {
        self.calls.store(0, Ordering::Relaxed);
        let mut stage = self.stage.lock();
        stage.since = Instant::now();
        stage.look_at = stage.since + LOOK;
    }

    /// The process that waits for the script, if it does; then it is the caller's.
    fn take_ready(&self) -> Option<(Child, String)> {
        let mut stage = self.stage.lock();
        if !matches!(stage.next, Next::Ready(..)) || Instant::now() < stage.not_before {
            return None;
        }
        match std::mem::replace(&mut stage.next, Next::None) {
            Next::Ready(child, why) => Some((child, why)),
            Next::None | Next::Starting => None,
        }
    }

    /// How long the script has been in its process, and whether its memory is to be looked at now.
    fn age(&self) -> (Duration, bool) {
        let mut stage = self.stage.lock();
        let now = Instant::now();
        let looks = now >= stage.look_at;
        if looks {
            stage.look_at = now + LOOK;
        }
        (now - stage.since, looks)
    }

    /// The next process is to be started. False when somebody does that, or has failed to a moment ago.
    fn begins_to_start(&self) -> bool {
        let mut stage = self.stage.lock();
        let may = matches!(stage.next, Next::None) && Instant::now() >= stage.not_before;
        if may {
            stage.next = Next::Starting;
        }
        may
    }

    /// What is started is over: the next process is this.
    fn set(&self, next: Next, pause: Duration) {
        let mut stage = self.stage.lock();
        stage.next = next;
        stage.not_before = Instant::now() + pause;
    }
}

impl Process {
    /// A call begins: replaces the process, if it is to be replaced and the next one is ready.
    pub fn recycle(&self, script: &ScriptInfo) {
        let limits = &script.settings.recycling;
        if *limits == Recycling::default() {
            return;
        }
        let calls = self.replacement.calls.fetch_add(1, Ordering::Relaxed);
        if let Some((child, why)) = self.replacement.take_ready() {
            self.move_over(script, child, why);
        } else if let Some(why) = self.why_now(limits, calls)
            && self.replacement.begins_to_start()
        {
            self.prepare_next(script, why);
        }
    }

    /// Why it is to be replaced now.
    fn why_now(&self, limits: &Recycling, calls: u64) -> Option<String> {
        if limits.calls.is_some_and(|limit| calls >= limit) {
            return Some(format!("{calls} calls"));
        }
        let (age, looks) = self.replacement.age();
        if limits.age.is_some_and(|limit| age >= limit) {
            return Some(format!("{:.1} s", age.as_secs_f64()));
        }
        let limit = limits.memory.filter(|_| looks)?;
        let memory = memory::of_process(self.backend().ok()?.pid())?;
        (memory > limit).then(|| format!("it took {} MiB", memory / 1024 / 1024))
    }

    /// Starts the next process, on a thread of its own.
    fn prepare_next(&self, script: &ScriptInfo, why: String) {
        let (Some(own), label) = (self.own(), script.label.clone()) else { return };
        let preparing = Preparing { process: own, result: None };
        let prepare = move || {
            let mut preparing = preparing;
            let Some(script) = preparing.process.script() else { return };
            preparing.result = match preparing.process.prepare(&script) {
                Ok(child) => Some((child, why)),
                Err(failure) => {
                    let reason = match &failure {
                        Failure::Gone(error) => error.message(),
                        Failure::Raised(_) | Failure::Late => "it does not start",
                    };
                    tracing::error!(script = %label, "its process is not replaced: {reason}");
                    None
                }
            };
        };
        if let Err(error) = spawn::once(point!("python-replace"), prepare) {
            tracing::error!(script = %script.label, "no thread to replace its process: {error}");
        }
    }

    /// Moves the script to another process, unless calls are inside that take long; then it stays for a while.
    fn move_over(&self, script: &ScriptInfo, child: Child, why: String) {
        let thread = slot::of_this_thread().thread();
        let Some(_closed) = self.gate.close(thread, PATIENCE) else {
            return self.replacement.set(Next::Ready(child, why), AGAIN / 10);
        };
        if !child.backend.lives() {
            return self.replacement.set(Next::None, AGAIN);
        }
        tracing::info!(script = %script.label, "its process is replaced after {why}");
        self.set_leaving(true);
        let _: Option<Error> = say_goodbye(self, script);
        self.refuse_threads();
        self.end_in_order(script, Instant::now() + unload_time());
        self.end_child();
        self.has_started(child);
        self.set_leaving(false);
        // It has been told, and the next call tries again.
        let _ = self.load_again(script, Ok(()), "not loaded in its next process");
    }

    /// Ends the process that is to be the next, for the script is being unloaded.
    pub fn end_next(&self) {
        let stage = &self.replacement.stage;
        let is_started = || !matches!(stage.lock().next, Next::Starting);
        wait_until(Instant::now() + LONGEST_START, is_started);
        let next = std::mem::replace(&mut stage.lock().next, Next::None);
        if let Next::Ready(child, _) = next {
            child.kill();
        }
    }
}

/// The start of the next process; when it is dropped, all see what came of it.
struct Preparing {
    process: Arc<Process>,
    result: Option<(Child, String)>,
}

impl Drop for Preparing {
    fn drop(&mut self) {
        let (next, pause) = match self.result.take() {
            Some((child, why)) if !self.process.is_leaving() => {
                (Next::Ready(child, why), Duration::ZERO)
            }
            Some((child, _)) => {
                child.kill();
                (Next::None, AGAIN)
            }
            None => (Next::None, AGAIN),
        };
        self.process.replacement.set(next, pause);
    }
}
