//! A back end: a Python program in a child process that answers calls.
//!
//! # Who reads
//!
//! A call that waits reads the child's answers itself, and gives those of other calls to whom they belong: so
//! no thread hands an answer over that comes to the only call. One call at a time reads; when it has its
//! answer, it calls another one to read that still sleeps. While no call waits, the thread of `poller` reads.
//! Whoever has `output` locked reads, and passes it on when it has unlocked it (`pass_on`).
//!
//! # Locks
//!
//! `output` is the outermost one, then each of `calls`, `input`, `errors` and a waiter's by itself. None is held
//! while a handler of the host runs.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::fd::OwnedFd;
use rustix::process::Pid;
use vh_core::error::{Code, Error};

use crate::child::{Child, Pipes};
use crate::events::Events;
use crate::frames::Frames;
use crate::input::{Input, Rest};
use crate::lines::Lines;
use crate::message::{self, Request};
use crate::poller::{self, Of, Watched};
use crate::waiter::{Answer, Delivery, Waiter};

mod ending;
mod reading;

pub use ending::GRACE;

/// A back end. Its process lives until it is terminated, ends by itself, or this process ends.
#[derive(Debug)]
pub struct Backend {
    number: u32,
    path: PathBuf,
    /// What messages call it.
    label: String,
    timeout: Duration,
    pid: Pid,
    output: Mutex<Option<Output>>,
    input: Mutex<Option<Input>>,
    errors: Mutex<Option<Errors>>,
    child: Mutex<Option<Child>>,
    calls: Mutex<Calls>,
    has_ended: Condvar,
    /// See [`Pipes`].
    nudge: OwnedFd,
    events: Events,
    /// Who hears what it says without being asked, if not its host's handlers.
    listener: Option<Arc<dyn Listener>>,
    /// Whether it knows the further keys of the wire.
    is_ours: AtomicBool,
    /// Whether its host ends it.
    is_unwanted: AtomicBool,
    /// The poller came to read while somebody had `output` locked.
    was_locked: AtomicBool,
    /// How many of its frames said nothing.
    unknown: AtomicU64,
}

/// Who runs a script in a child. Its functions are called while a lock is held that keeps others from reading
/// what the child says, so they do not call the host.
pub trait Listener: std::fmt::Debug + Send + Sync {
    /// The child asks something while no call waits.
    fn request(&self, request: Request);

    /// The child tells something, as JSON text.
    fn event(&self, name: &str, value: &str);

    /// It has printed a line past Python.
    fn printed(&self, line: &str);

    /// It has ended, and how; whether its host wanted that. No lock is held.
    fn ended(&self, how: &str, is_wanted: bool);
}

/// What is read of the child's answers.
#[derive(Debug)]
struct Output {
    pipe: OwnedFd,
    end: OwnedFd,
    frames: Frames,
    is_closed: bool,
}

/// What is read of whatever else it prints.
#[derive(Debug)]
struct Errors {
    pipe: OwnedFd,
    lines: Lines,
}

#[derive(Debug, Default)]
struct Calls {
    last: u64,
    waiting: HashMap<u64, Arc<Waiter>>,
    /// Calls that nobody waits for any more, of which the child has not said that they have ended.
    given_up: HashSet<u64>,
    /// Calls that the child was told to give up, until it answers.
    taken_back: HashSet<u64>,
    /// When it is killed if it has not ended by then.
    kill_at: Option<Instant>,
    /// Why it takes no calls any more.
    ended: Option<Error>,
}

/// A call that was begun.
#[derive(Debug)]
#[must_use = "its answer is waited for with `wait`"]
pub struct Call {
    backend: Arc<Backend>,
    id: u64,
    method: String,
    waiter: Arc<Waiter>,
    timeout: Duration,
    deadline: Instant,
    /// Whether the child is to go on with it though nobody waits.
    is_left: bool,
}

impl Backend {
    /// Of a process that has been started, and the call that waits until it is ready.
    pub fn new(
        number: u32,
        path: PathBuf,
        timeout: Duration,
        child: Child,
        pipes: Pipes,
        listener: Option<Arc<dyn Listener>>,
    ) -> (Arc<Backend>, Call) {
        let label = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let Pipes { input, output, errors, end, nudge } = pipes;
        let frames = Frames::default();
        let backend = Arc::new(Backend {
            number,
            label,
            path,
            timeout,
            pid: child.pid,
            output: Mutex::new(Some(Output { pipe: output, end, frames, is_closed: false })),
            input: Mutex::new(Some(Input::new(input))),
            errors: Mutex::new(Some(Errors { pipe: errors, lines: Lines::default() })),
            child: Mutex::new(Some(child)),
            calls: Mutex::default(),
            has_ended: Condvar::new(),
            nudge,
            events: Events::default(),
            listener,
            is_ours: AtomicBool::new(false),
            is_unwanted: AtomicBool::new(false),
            was_locked: AtomicBool::new(false),
            unknown: AtomicU64::new(0),
        });
        let ready = backend.expect(message::READY, "its start", timeout);
        (backend, ready)
    }

    /// Begins to watch its pipes.
    pub fn watch(self: &Arc<Backend>) -> std::io::Result<()> {
        poller::watch(self.number, Arc::clone(self) as Arc<dyn Watched>);
        if let Some(output) = &*self.output.lock() {
            poller::add(self.number, Of::Output, &output.pipe)?;
        }
        if let Some(errors) = &*self.errors.lock() {
            poller::add(self.number, Of::Errors, &errors.pipe)?;
        }
        if let Some(input) = &*self.input.lock() {
            poller::add(self.number, Of::Input, input.pipe())?;
        }
        if let Some(child) = &*self.child.lock() {
            poller::add(self.number, Of::End, &child.end)?;
        }
        Ok(())
    }

    /// Its number, by which hosts name it.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The name of its script, for messages.
    pub fn name(&self) -> &str {
        &self.label
    }

    /// The file of its script.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of its process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// How long its calls may take that do not say it themselves.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What it tells its host without being asked.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Whether its process lives.
    pub fn lives(&self) -> bool {
        self.calls.lock().ended.is_none()
    }

    /// Whether it lives and nobody ends it.
    pub fn takes_calls(&self) -> bool {
        !self.is_unwanted.load(Ordering::Acquire) && self.lives()
    }

    /// Calls a method and waits for what it returns, as JSON text. `params` is the JSON text of an object.
    pub fn call(
        self: &Arc<Backend>,
        method: &str,
        params: &str,
        timeout: Option<Duration>,
    ) -> Answer {
        self.begin(method, params, timeout)?.wait()
    }

    /// Begins a call. Any number may be under way.
    pub fn begin(
        self: &Arc<Backend>,
        method: &str,
        params: &str,
        timeout: Option<Duration>,
    ) -> Result<Call, Error> {
        let params = crate::options::object(params, "the parameters")?;
        let id = self.next_number();
        let call = self.expect(id, method, timeout.unwrap_or(self.timeout));
        self.send(&message::request(id, method, &params))?;
        Ok(call)
    }

    /// Begins a call of a script, which takes as long as it takes.
    pub(crate) fn begin_unlimited(
        self: &Arc<Backend>,
        method: &str,
        params: &str,
    ) -> Result<Call, Error> {
        let id = self.next_number();
        let call = self.expect(id, method, FOR_EVER);
        self.send(&message::request(id, method, params))?;
        Ok(call)
    }

    /// Sends a request whose answer nobody waits for.
    pub(crate) fn tell(&self, method: &str, params: &str) -> Result<(), Error> {
        self.send(&message::request(self.next_number(), method, params))
    }

    /// Whether the child has not ended a call that was given up.
    pub(crate) fn is_under_way(&self, call: u64) -> bool {
        self.calls.lock().given_up.contains(&call)
    }

    /// Sends a line to a script. If it cannot be sent, the child ends, and whoever waits hears of that.
    pub(crate) fn send_line(&self, line: &[u8]) {
        let _ = self.send(line);
    }

    /// Takes what it has printed past Python.
    pub(crate) fn look_at_output(&self) {
        self.read_errors();
    }

    /// Runs code once, in a child that was started for that.
    pub(crate) fn execute(self: &Arc<Backend>, code: &str, params: &str, time: Duration) -> Answer {
        let id = self.next_number();
        let call = self.expect(id, "the code", time);
        self.send(&message::execution(id, code, params))?;
        call.wait()
    }

    fn next_number(&self) -> u64 {
        let mut calls = self.calls.lock();
        calls.last += 1;
        calls.last
    }

    /// Begins to wait for an answer. If the process has ended, the answer is why.
    fn expect(self: &Arc<Backend>, id: u64, method: &str, timeout: Duration) -> Call {
        let waiter = Arc::new(Waiter::default());
        let mut calls = self.calls.lock();
        match &calls.ended {
            Some(ended) => waiter.give(Err(ended.clone())),
            None => drop(calls.waiting.insert(id, Arc::clone(&waiter))),
        }
        drop(calls);
        let now = Instant::now();
        Call {
            backend: Arc::clone(self),
            id,
            method: method.to_owned(),
            waiter,
            timeout,
            is_left: false,
            deadline: now.checked_add(timeout).unwrap_or(now + Duration::from_secs(1 << 30)),
        }
    }

    /// Sends a line. When the process has ended, whoever waits hears of that.
    fn send(&self, line: &[u8]) -> Result<(), Error> {
        let mut input = self.input.lock();
        let Some(input) = &mut *input else { return Ok(()) };
        let rest = input.send(line).map_err(|error| {
            Error::new(error.code(), format!("{}: {}", self.label, error.message()))
        })?;
        if rest == Rest::Waits {
            poller::again(self.number, Of::Input, input.pipe());
        }
        Ok(())
    }

    /// Gives a call an answer that has not come from the child, for which its thread may wait.
    fn answer_without_the_child(&self, waiter: &Waiter, error: Error) {
        waiter.give(Err(error));
        // It cannot be full: whoever waits sets it back.
        let _ = rustix::io::write(&self.nudge, &1_u64.to_ne_bytes());
    }

    /// Has the child give up a call, and gives whoever waits for it. If the way to the child is full, it goes on with
    /// what nobody waits for.
    fn take_back(&self, id: u64) -> Option<Arc<Waiter>> {
        let is_ours = self.is_ours.load(Ordering::Relaxed);
        let waiter = {
            let mut calls = self.calls.lock();
            let waiter = calls.waiting.remove(&id)?;
            if is_ours {
                calls.taken_back.insert(id);
            }
            waiter
        };
        if !is_ours {
            return Some(waiter);
        }
        if self.send(&message::cancel(id)).is_err() {
            self.calls.lock().taken_back.remove(&id);
            return Some(waiter);
        }
        self.interrupt();
        // The poller does so again until the child has answered; this has it look.
        if let Some(input) = &*self.input.lock() {
            poller::again(self.number, poller::Of::Input, input.pipe());
        }
        Some(waiter)
    }

    /// Has the child look at its input while a command runs.
    fn interrupt(&self) {
        if let Some(child) = &*self.child.lock() {
            child.interrupt();
        }
    }
}

/// The limit of calls that somebody else ends.
const FOR_EVER: Duration = Duration::MAX;

impl Calls {
    /// The waiter of the last call that was begun and has no answer.
    fn innermost(&self) -> Option<Arc<Waiter>> {
        let last = self.waiting.iter().max_by_key(|(number, _)| **number);
        last.map(|(_, waiter)| Arc::clone(waiter))
    }
}

impl Call {
    /// Waits for the answer until the deadline.
    pub fn wait(self) -> Answer {
        self.wait_serving(FOR_EVER, |_| {})
    }

    /// Waits for the answer, and meanwhile has `serve` answer what the child asks, without a lock held. When nothing
    /// has come for as long as `patience`, it is called without a request.
    pub(crate) fn wait_serving(
        self,
        patience: Duration,
        mut serve: impl FnMut(Option<Request>),
    ) -> Answer {
        let mut is_called = false;
        let answer = loop {
            match self.waiter.take() {
                Some(Delivery::Answer(answer)) => break answer,
                Some(Delivery::Request(request)) => {
                    if std::mem::take(&mut is_called) {
                        self.backend.pass_on();
                    }
                    serve(Some(request));
                    continue;
                }
                None => {}
            }
            let now = Instant::now();
            if now >= self.deadline {
                break self.give_up();
            }
            let until =
                now.checked_add(patience).map_or(self.deadline, |end| end.min(self.deadline));
            is_called = !self.backend.read_for(&self.waiter, until) && self.waiter.sleep(until);
            if !self.waiter.has_something() && Instant::now() >= until {
                if std::mem::take(&mut is_called) {
                    self.backend.pass_on();
                }
                serve(None);
            }
        };
        if is_called {
            self.backend.pass_on();
        }
        answer
    }

    /// What cancels it from elsewhere, also while it is waited for.
    pub fn canceller(&self) -> Canceller {
        Canceller { backend: Arc::clone(&self.backend), id: self.id, method: self.method.clone() }
    }

    /// Leaves it to the child: nobody waits for its answer.
    fn without_answer(mut self) {
        self.is_left = true;
    }

    fn give_up(&self) -> Answer {
        self.forget();
        // It may have come at the last moment.
        if let Some(Delivery::Answer(answer)) = self.waiter.take() {
            return answer;
        }
        let (label, method) = (&self.backend.label, &self.method);
        let time = self.timeout.as_secs_f64();
        let message = format!("{method} of {label} did not answer within {time} s");
        Err(Error::new(Code::Timeout, message))
    }

    fn forget(&self) {
        // Whoever waits is who gives it up.
        let _ = self.backend.take_back(self.id);
    }
}

/// Cancels a call.
#[derive(Clone, Debug)]
pub struct Canceller {
    backend: Arc<Backend>,
    id: u64,
    method: String,
}

impl Canceller {
    /// The number of the call.
    pub(crate) fn number(&self) -> u64 {
        self.id
    }

    /// Answers the call with an error. The child is told nothing. False if it has its answer already.
    pub(crate) fn give_up(&self, error: Error) -> bool {
        let mut calls = self.backend.calls.lock();
        let Some(waiter) = calls.waiting.remove(&self.id) else { return false };
        calls.given_up.insert(self.id);
        drop(calls);
        self.backend.answer_without_the_child(&waiter, error);
        true
    }

    /// Answers the call with `cancelled`, and has the child give it up. False if it has its answer already.
    pub fn cancel(&self) -> bool {
        let Some(waiter) = self.backend.take_back(self.id) else { return false };
        let message = format!("{} of {} was cancelled", self.method, self.backend.label);
        self.backend.answer_without_the_child(&waiter, Error::new(Code::Cancelled, message));
        true
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_left {
            self.forget();
        }
    }
}
