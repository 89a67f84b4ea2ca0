//! The process of a script: what is known of it, how it is asked, and when it may be started again when it has
//! ended.
//!
//! # Locks
//!
//! `state` and `running` are leaf locks. Neither is held while the child is waited for.

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use vh_core::error::{Code, Error};
use vh_guard::script::ScriptInfo;
use vh_guard::slot;
use vh_host::host_queue;

use super::gate::{Gate, Inside};
use super::heard::Ear;
use super::raised::Told;
use super::recycling::Replacement;
use super::{Failure, requests};
use crate::backend::{Backend, Canceller};

/// How long a late call may take to end before its caller is given up, and how long the next call waits for it. Also
/// how long the host's thread waits for a script before it answers what waits for the hub.
pub const PATIENCE: Duration = Duration::from_millis(50);
/// A process that ends again within this time after its start is started again after a pause, which doubles from
/// start to start.
const CALM: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Looks again and again whether something has come. False when it has not at the deadline.
pub fn wait_until(deadline: Instant, mut has_come: impl FnMut() -> bool) -> bool {
    loop {
        if has_come() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The process of a script.
#[derive(Debug)]
pub struct Process {
    script: Weak<ScriptInfo>,
    pub(super) own: Weak<Process>,
    /// The text of the script, and the Python that runs it.
    source: Vec<u8>,
    python: OsString,
    pub(super) state: Mutex<State>,
    pub(super) running: Mutex<Vec<Running>>,
    /// A bit for each hook that the script has now.
    hooks: AtomicU64,
    /// Whether it has coroutines that are to go on.
    is_busy: AtomicBool,
    /// Whether it has given work to `vh.run_in_host`.
    pub(super) has_jobs: AtomicBool,
    /// How many events for its `async_hooks` were dropped.
    dropped: AtomicU64,
    /// Who is inside.
    pub(super) gate: Gate,
    /// When it is replaced, and by what.
    pub(super) replacement: Replacement,
}

/// A child that has a Python ready for a script.
#[derive(Debug)]
pub struct Child {
    /// The child.
    pub backend: Arc<Backend>,
    /// What hears it.
    pub ear: Arc<Ear>,
}

impl Child {
    /// Ends it at once; nobody has used it.
    pub fn kill(&self) {
        if let Err(error) = self.backend.kill_and_wait() {
            tracing::error!("{}", error.message());
        }
    }
}

/// What is known of a process.
#[derive(Debug, Default)]
pub struct State {
    /// The child in which the script is.
    child: Option<Child>,
    /// Where a late call is, once the child has told.
    pub stack: Option<(u64, String)>,
    /// The call that the watchdog is interrupting.
    pub interrupted: Option<u64>,
    /// How it has ended, when it was not to.
    pub ended: Option<String>,
    /// The script is being unloaded.
    pub is_leaving: bool,
    /// Whether its `UnLoad` is there.
    has_unload: bool,
    /// Somebody starts it again.
    is_starting: bool,
    /// How often it was started again in a short time, and when it was last started.
    starts: u32,
    started: Option<Instant>,
}

/// A call that was begun and has not ended in the child.
#[derive(Debug)]
pub struct Running {
    /// Its number.
    pub call: u64,
    /// The number, for Python, of the thread that waits for it.
    pub thread: u64,
    /// What answers it before the child does.
    pub canceller: Canceller,
    /// Nobody waits for it any more.
    pub is_late: bool,
}

/// The answer of the child to a request.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    raised: Option<Box<Told>>,
    hooks: Option<Vec<u32>>,
    busy: Option<bool>,
    unload: Option<bool>,
}

impl Process {
    /// Of a script, not yet started.
    pub fn new(script: &Arc<ScriptInfo>, source: &[u8], python: OsString) -> Arc<Process> {
        Arc::new_cyclic(|own| Process {
            script: Arc::downgrade(script),
            own: Weak::clone(own),
            source: source.to_vec(),
            python,
            dropped: AtomicU64::new(0),
            state: Mutex::default(),
            running: Mutex::default(),
            hooks: AtomicU64::new(0),
            is_busy: AtomicBool::new(false),
            has_jobs: AtomicBool::new(false),
            gate: Gate::default(),
            replacement: Replacement::default(),
        })
    }

    /// The script runs in this child from now on.
    pub fn has_started(&self, child: Child) {
        let ear = Arc::clone(&child.ear);
        {
            let mut state = self.state.lock();
            state.ended = None;
            state.has_unload = false;
            state.child = Some(child);
        }
        self.is_busy.store(false, Ordering::Release);
        self.has_jobs.store(false, Ordering::Release);
        self.replacement.begins_anew();
        // Last, because it may have ended already.
        ear.moves_in();
    }

    /// The child in which the script was has ended. `is_wanted` says whether it was killed.
    pub fn has_ended(&self, how: &str, is_wanted: bool) {
        self.running.lock().clear();
        let is_news = {
            let mut state = self.state.lock();
            state.child = None;
            state.ended = Some(how.to_owned());
            !state.is_leaving
        };
        let Some(script) = self.script().filter(|_| is_news) else { return };
        let how = if is_wanted { "was killed" } else { how };
        tracing::error!(
            script = %script.label,
            "its process {how}; it is started again at the next call"
        );
    }

    /// Says whether the script leaves its process, which is not started again then.
    pub fn set_leaving(&self, is_leaving: bool) {
        self.state.lock().is_leaving = is_leaving;
    }

    /// Whether the script leaves its process now.
    pub fn is_leaving(&self) -> bool {
        self.state.lock().is_leaving
    }

    /// Refuses what threads of the script ask the hub from now on.
    pub fn refuse_threads(&self) {
        let ear = self.state.lock().child.as_ref().map(|child| Arc::clone(&child.ear));
        if let Some(ear) = ear {
            ear.leaves();
        }
    }

    /// Goes inside for a call, once the script is not moving to another process.
    pub fn go_in(&self, script: &ScriptInfo) -> Result<Inside<'_>, Failure> {
        let time = script.settings.timeout;
        let deadline = (!time.is_zero()).then(|| Instant::now() + time);
        self.gate.enter(slot::of_this_thread().thread(), deadline).ok_or_else(|| {
            Failure::Gone(Error::new(Code::Busy, "its process is being replaced by another one"))
        })
    }

    /// Goes inside for a call of a hook or function. Before that the process is replaced, or started again, if it
    /// must be.
    pub fn enter(&self, script: &ScriptInfo) -> Result<Inside<'_>, Failure> {
        self.recycle(script);
        let inside = self.go_in(script)?;
        self.revive(script)?;
        Ok(inside)
    }

    /// The child; the error says why there is none.
    pub fn backend(&self) -> Result<Arc<Backend>, Error> {
        let state = self.state.lock();
        match (&state.child, &state.ended) {
            (Some(child), _) => Ok(Arc::clone(&child.backend)),
            (None, how) => {
                let how = how.as_deref().unwrap_or("has not been started");
                Err(Error::new(Code::Closed, format!("its process {how}")))
            }
        }
    }

    /// The text of the script.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The Python that runs it.
    pub fn python(&self) -> &OsStr {
        &self.python
    }

    /// This, if it is still needed.
    pub fn own(&self) -> Option<Arc<Process>> {
        self.own.upgrade()
    }

    /// The record of the script.
    pub fn script(&self) -> Option<Arc<ScriptInfo>> {
        self.script.upgrade()
    }

    /// Takes the child, which is to end.
    pub fn take_child(&self) -> Option<Child> {
        self.state.lock().child.take()
    }

    /// Whether the script has a function of its own for its unload now.
    pub fn has_unload(&self) -> bool {
        self.state.lock().has_unload
    }

    /// Whether it may be started again now; then nobody else does until [`Process::has_tried`]. The error says why
    /// not.
    pub fn may_start_again(&self) -> Result<(), Error> {
        let mut state = self.state.lock();
        let how = state.ended.clone().unwrap_or_default();
        let wait = match state.started {
            Some(started) if started.elapsed() < CALM => {
                let pause = FIRST_PAUSE * 2_u32.pow(state.starts.min(10)) - FIRST_PAUSE;
                pause.min(CALM).saturating_sub(started.elapsed())
            }
            _ => {
                state.starts = 0;
                Duration::ZERO
            }
        };
        if state.is_starting || !wait.is_zero() {
            let seconds = wait.as_secs_f64();
            let message = format!("its process {how}; it is started again in {seconds:.1} s");
            return Err(Error::new(Code::Closed, message));
        }
        state.is_starting = true;
        state.starts += 1;
        state.started = Some(Instant::now());
        Ok(())
    }

    /// It was tried to start it again.
    pub fn has_tried(&self) {
        self.state.lock().is_starting = false;
    }

    /// Whether the process has ended though the script is not being unloaded.
    pub fn has_died(&self) -> bool {
        let state = self.state.lock();
        state.child.is_none() && state.ended.is_some() && !state.is_leaving
    }

    /// Whether it has coroutines that are to go on.
    pub fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Acquire)
    }

    /// Whether it has given work to `vh.run_in_host` since this was last asked.
    pub fn take_jobs(&self) -> bool {
        self.has_jobs.swap(false, Ordering::AcqRel)
    }

    /// The hooks that the script has now.
    pub fn hooks(&self) -> u64 {
        self.hooks.load(Ordering::Acquire)
    }

    /// Asks the script for something, and answers what it asks meanwhile. Gives the JSON text of the answer.
    pub fn ask(
        &self,
        script: &ScriptInfo,
        method: &str,
        params: &[u8],
    ) -> Result<Box<RawValue>, Failure> {
        let backend = self.backend().map_err(Failure::Gone)?;
        self.wait_for_late_ones()?;
        // It is JSON text that was written here.
        let params = String::from_utf8_lossy(params);
        let call = backend.begin_unlimited(method, &params).map_err(Failure::Gone)?;
        let canceller = call.canceller();
        let number = canceller.number();
        let thread = slot::of_this_thread().thread();
        let running = Running { call: number, thread, canceller, is_late: false };
        self.running.lock().push(running);
        let answer = call.wait_serving(PATIENCE, |request| match request {
            Some(request) => backend.send_line(&requests::answer(script, &request)),
            // The script may wait for a thread that waits for the hub.
            None if host_queue::is_pending() => host_queue::serve(),
            None => {}
        });
        // What it printed past Python comes before its answer.
        backend.look_at_output();
        self.wait_for_watchdog(number);
        let was_late = self.has_come_back(number);
        match answer {
            Ok(text) => self.read(script, &text),
            Err(_) if was_late => Err(Failure::Late),
            Err(error) => Err(Failure::Gone(error)),
        }
    }

    /// Tells the script something whose answer nobody waits for.
    pub fn tell(&self, method: &str, params: &[u8]) {
        if let Ok(backend) = self.backend() {
            let params = String::from_utf8_lossy(params);
            if let Err(error) = backend.tell(method, &params) {
                let count = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
                // The first, the tenth, the hundredth and so on.
                if 10_u64.pow(count.ilog10()) == count {
                    self.with_script(|script| {
                        tracing::warn!(
                            script = %script.label,
                            "{count} events for its async_hooks were dropped: {}",
                            error.message()
                        );
                    });
                }
            }
        }
    }

    /// A caller has come back. True when it was given up; then the call stays in the list until the child has
    /// ended it.
    fn has_come_back(&self, call: u64) -> bool {
        let mut running = self.running.lock();
        let Some(place) = running.iter().position(|running| running.call == call) else {
            return false;
        };
        let is_late = running[place].is_late;
        if !is_late {
            running.remove(place);
        }
        is_late
    }

    /// Calls are not begun behind one that is late.
    fn wait_for_late_ones(&self) -> Result<(), Failure> {
        if wait_until(Instant::now() + PATIENCE, || !self.has_late_ones()) {
            return Ok(());
        }
        let message = "a call of it that was late has not ended yet";
        Err(Failure::Gone(Error::new(Code::Busy, message)))
    }

    fn has_late_ones(&self) -> bool {
        let Ok(backend) = self.backend() else { return false };
        let mut running = self.running.lock();
        running.retain(|running| !running.is_late || backend.is_under_way(running.call));
        running.iter().any(|running| running.is_late)
    }

    fn read(&self, script: &ScriptInfo, text: &str) -> Result<Box<RawValue>, Failure> {
        let unreadable = |reason: &dyn std::fmt::Display| {
            let message = format!("its answer cannot be read: {reason}");
            Failure::Gone(Error::new(Code::Internal, message))
        };
        let answer: Answer = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        if let Some(is_busy) = answer.busy {
            self.is_busy.store(is_busy, Ordering::Release);
        }
        if let Some(has_unload) = answer.unload {
            self.state.lock().has_unload = has_unload;
        }
        if let Some(hooks) = answer.hooks
            && !self.state.lock().is_leaving
        {
            let bits = hooks.iter().fold(0, |bits, hook| bits | 1_u64 << hook);
            let before = self.hooks.swap(bits, Ordering::AcqRel);
            script.listening.change(before, bits);
        }
        match (answer.value, answer.raised) {
            (_, Some(raised)) => Err(Failure::Raised(raised)),
            (Some(value), None) => Ok(value.to_owned()),
            (None, None) => Ok(RawValue::NULL.to_owned()),
        }
    }

    /// Does something with the record of the script, if it is still there.
    pub fn with_script(&self, what: impl FnOnce(&Arc<ScriptInfo>)) {
        if let Some(script) = self.script.upgrade() {
            what(&script);
        }
    }
}
