//! Carries calls of scripts' own threads to the host's thread.
//!
//! A hub may only be called on its own thread, while it calls into the library. A `vh` call from
//! any other thread is queued here; the host's thread answers the queue at its next entry into the
//! library and when it leaves again. The queue is bounded, the wait has an end, and when the host
//! or the script goes, those who wait are told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::host_functions::Answer;
use vh_core::config;
use vh_core::error::{Code, Error};
use vh_core::panics::{catch, contain, point};

/// Calls that may wait at once.
const MAX_WAITING: usize = 1024;
/// How long a call waits for the host when `VH_PYTHON_CALL_TIMEOUT` does not say.
const WAIT: Duration = Duration::from_secs(10);

/// How often a waiting call looks whether its script is being unloaded, for nothing wakes it then.
const LOOK: Duration = Duration::from_millis(100);

/// A call to the host, to be made on its thread.
type Work = Box<dyn FnOnce() -> Option<Answer> + Send>;

/// What is to be done on the host's thread; it is told when it is refused.
type Task = Box<dyn FnOnce(Result<(), &Error>) + Send>;

enum Request {
    Call {
        script: u64,
        work: Work,
        reply: Arc<Reply>,
    },
    /// Run what the script gave to `vh.run_in_host`.
    Jobs {
        script: u64,
    },
    /// Do something for which nobody waits here.
    Task {
        script: u64,
        task: Task,
    },
}

/// Where the waiting thread finds its answer.
#[derive(Default)]
struct Reply {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
enum State {
    #[default]
    Waiting,
    /// The host's thread is making the call; the caller waits until it ends.
    Running,
    Done(Result<Option<Answer>, Error>),
    /// The caller has given up.
    Withdrawn,
}

static QUEUE: Mutex<VecDeque<Request>> = Mutex::new(VecDeque::new());
static PENDING: AtomicUsize = AtomicUsize::new(0);
static OPEN: AtomicBool = AtomicBool::new(false);
/// Runs the jobs of the script with a serial; set when the first host comes.
static RUN_JOBS: OnceLock<fn(u64)> = OnceLock::new();

/// The error when there is no host any more.
pub fn host_is_gone() -> Error {
    Error::new(Code::Unavailable, "the hub has stopped")
}

/// The error when the script is being unloaded.
pub fn script_is_gone() -> Error {
    Error::new(Code::Closed, "the script is being unloaded")
}

/// The error when the host did not come in time.
pub fn is_too_late() -> Error {
    let message = "the hub did not call any script in time to answer this call of a thread";
    Error::new(Code::Timeout, message)
}

/// Opens the queue for a host. `run_jobs` runs what the script with a serial gave to `vh.run_in_host`.
pub fn open(run_jobs: fn(u64)) {
    // It is the same for each host.
    let _ = RUN_JOBS.set(run_jobs);
    OPEN.store(true, Ordering::Release);
}

/// Closes the queue when the host goes: whoever waits is told.
pub fn close() {
    OPEN.store(false, Ordering::Release);
    refuse(&host_is_gone(), |_| true);
}

/// Refuses the calls of a script that goes.
pub fn close_script(serial: u64) {
    refuse(&script_is_gone(), |script| script == serial);
}

fn refuse(why: &Error, concerns: impl Fn(u64) -> bool) {
    let mut queue = QUEUE.lock();
    let (gone, stay) = std::mem::take(&mut *queue).into_iter().partition(|request| match request {
        Request::Call { script, .. } | Request::Jobs { script } | Request::Task { script, .. } => {
            concerns(*script)
        }
    });
    *queue = stay;
    PENDING.store(queue.len(), Ordering::Release);
    drop(queue);
    let gone: VecDeque<Request> = gone;
    for request in gone {
        match request {
            Request::Call { reply, .. } => reply.answer(Err(why.clone())),
            Request::Task { task, .. } => task(Err(why)),
            Request::Jobs { .. } => {}
        }
    }
}

/// Queues a request, unless the host or the script is gone. This is checked with the queue locked, because
/// whoever closes the queue (`w_End`, an unload) says so first and empties the queue afterwards: so no
/// request is left behind.
fn post(request: Request, is_gone: impl FnOnce() -> bool) -> Result<(), Error> {
    let mut queue = QUEUE.lock();
    if !OPEN.load(Ordering::Acquire) {
        return Err(host_is_gone());
    }
    if is_gone() {
        return Err(script_is_gone());
    }
    if queue.len() >= MAX_WAITING {
        return Err(Error::new(Code::Busy, "too many calls from threads wait for the hub"));
    }
    queue.push_back(request);
    PENDING.store(queue.len(), Ordering::Release);
    Ok(())
}

/// Makes a call of a script on the host's thread and waits for its answer, unless the script `is_leaving`. The
/// interpreter must be left.
pub fn call(
    serial: u64,
    is_leaving: impl Fn() -> bool,
    work: impl FnOnce() -> Option<Answer> + Send + 'static,
) -> Result<Option<Answer>, Error> {
    let reply = Arc::new(Reply::default());
    let request = Request::Call { script: serial, work: Box::new(work), reply: Arc::clone(&reply) };
    post(request, &is_leaving)?;
    let deadline = Instant::now() + longest_wait();
    reply.wait(deadline, is_leaving)
}

/// Has the host's thread do something for a script, unless the script `is_leaving`. `task` is called with an error
/// instead when the host or the script goes before that.
pub fn post_task(
    script: u64,
    is_leaving: impl FnOnce() -> bool,
    task: impl FnOnce(Result<(), &Error>) + Send + 'static,
) -> Result<(), Error> {
    post(Request::Task { script, task: Box::new(task) }, is_leaving)
}

/// How long a call of a thread waits for the host.
pub fn longest_wait() -> Duration {
    config::seconds("VH_PYTHON_CALL_TIMEOUT", WAIT)
}

/// Asks for a script's jobs to be run on the host's thread.
pub fn post_jobs(script: u64) -> Result<(), Error> {
    // Jobs of a script that is being unloaded are refused by its scope.
    post(Request::Jobs { script }, || false)
}

/// Whether anything waits; one atomic load.
#[inline]
pub fn is_pending() -> bool {
    PENDING.load(Ordering::Relaxed) > 0
}

/// Answers the requests that wait now. Only on the host's thread, with the interpreter left and no lock held.
pub fn serve() {
    let requests = {
        let mut queue = QUEUE.lock();
        PENDING.store(0, Ordering::Release);
        std::mem::take(&mut *queue)
    };
    for request in requests {
        match request {
            Request::Call { work, reply, .. } => {
                if reply.begin() {
                    reply.answer(answer(work));
                }
            }
            Request::Task { task, .. } => {
                contain(point!("a call of a script in another process"), || task(Ok(())));
            }
            Request::Jobs { script } => {
                if let Some(run_jobs) = RUN_JOBS.get() {
                    contain(point!("the jobs of a script"), || run_jobs(script));
                }
            }
        }
    }
}

/// Makes a call. Whoever waits for it gets an answer in any case, also after a panic.
fn answer(work: Work) -> Result<Option<Answer>, Error> {
    catch(point!("a call of a thread"), work).map_err(|caught| {
        caught.tell("the thread gets a RuntimeError");
        Error::new(Code::Internal, "internal error in the library; see the log")
    })
}

impl Reply {
    /// Marks the call as running; false when the caller has given up.
    fn begin(&self) -> bool {
        let mut state = self.state.lock();
        let waiting = matches!(*state, State::Waiting);
        if waiting {
            *state = State::Running;
        }
        waiting
    }

    fn answer(&self, result: Result<Option<Answer>, Error>) {
        let mut state = self.state.lock();
        if !matches!(*state, State::Withdrawn) {
            *state = State::Done(result);
            self.changed.notify_one();
        }
    }

    fn wait(&self, deadline: Instant, is_gone: impl Fn() -> bool) -> Result<Option<Answer>, Error> {
        let mut state = self.state.lock();
        loop {
            match std::mem::replace(&mut *state, State::Withdrawn) {
                State::Done(result) => return result,
                State::Waiting if Instant::now() >= deadline => return Err(is_too_late()),
                State::Waiting if is_gone() => return Err(script_is_gone()),
                unfinished => *state = unfinished,
            }
            // A call that runs is the host's own time and not counted.
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = left.clamp(Duration::from_millis(1), LOOK);
            self.changed.wait_for(&mut state, wait);
        }
    }
}

#[cfg(test)]
mod tests;
