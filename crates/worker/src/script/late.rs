//! A call that is late: its caller is given up, and the child is sent an exception, and again until the call has
//! ended. A call that has not two seconds later is in native code, and the process is killed. Meanwhile calls of
//! the script are not begun: each of them would wait for its deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vh_core::error::{Code, Error};
use vh_core::panics::point;
use vh_core::spawn;
use vh_guard::interrupt::Interrupt;
use vh_guard::watchdog::{Attempt, AttemptResult};

use super::process::{PATIENCE, Process, Running, wait_until};
use crate::backend::Backend;
use crate::message;

/// How long a late call may go on before its process is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is sent an exception meanwhile, and for how long it is left alone at first.
const AGAIN: Duration = Duration::from_millis(100);
const AT_FIRST: Duration = Duration::from_millis(300);
/// How long the child may take to tell where it is.
const STACK_TIME: Duration = Duration::from_millis(100);

impl Interrupt for Process {
    fn interrupt(self: Arc<Self>, attempt: &Attempt) {
        attempt.reached();
        if !attempt.runs() {
            return;
        }
        let Ok(backend) = self.backend() else { return };
        let Some(call) = self.innermost(attempt.thread()) else { return };
        if attempt.only_tells() || attempt.is_in_host() {
            backend.send_line(&message::ask_where(call));
            let stack = self.stack(call);
            return attempt.done(&match attempt.only_tells() {
                true => AttemptResult::Left(stack),
                false => AttemptResult::InHost(stack),
            });
        }
        let name = attempt.name().to_owned();
        self.state.lock().interrupted = Some(call);
        backend.send_line(&message::cancel(call));
        attempt.done(&AttemptResult::Sent(self.stack(call)));
        self.state.lock().interrupted = None;
        // As a rule it ends at once, and its caller gets the exception.
        wait_until(Instant::now() + PATIENCE, || !self.is_running(call));
        if !self.give_up(call) {
            return;
        }
        let pursuing = move || self.pursue(&backend, call, &name);
        if let Err(error) = spawn::once(point!("python-late"), pursuing) {
            tracing::error!("no thread to end a late call: {error}");
        }
    }
}

impl Process {
    /// The innermost call of a thread.
    fn innermost(&self, thread: u64) -> Option<u64> {
        let running = self.running.lock();
        let is_it = |running: &&Running| running.thread == thread && !running.is_late;
        running.iter().rfind(is_it).map(|running| running.call)
    }

    /// Gives up a call. False when it has ended.
    fn give_up(&self, call: u64) -> bool {
        let mut running = self.running.lock();
        let Some(late) = running.iter_mut().find(|running| running.call == call) else {
            return false;
        };
        late.is_late = late.canceller.give_up(Error::new(Code::Timeout, "it is late"));
        late.is_late
    }

    fn is_running(&self, call: u64) -> bool {
        self.running.lock().iter().any(|running| running.call == call)
    }

    /// Sends exceptions to a late call until it has ended, and kills the process when that does not help.
    fn pursue(&self, backend: &Arc<Backend>, call: u64, name: &str) {
        let started = Instant::now();
        let mut steps = 0;
        while backend.is_under_way(call) && backend.lives() {
            if started.elapsed() >= GRACE {
                self.tell_end(name, started, "the third step, its process is killed (SIGKILL)");
                // How it ends is told by `ended`.
                let _ = backend.kill_and_wait();
                return;
            }
            if steps > 0 {
                backend.send_line(&message::cancel(call));
            }
            steps += 1;
            std::thread::sleep(if steps == 1 { AT_FIRST } else { AGAIN });
        }
        // That it was sent one exception has been told.
        if steps > 1 {
            self.tell_end(name, started, "the second step, exceptions again and again");
        }
    }

    fn tell_end(&self, name: &str, started: Instant, step: &str) {
        if let Some(script) = self.script() {
            tracing::error!(
                script = %script.label,
                "{name}, which was late, is ended by {step}, {:.1} s after its deadline",
                started.elapsed().as_secs_f64()
            );
        }
    }

    /// A call has its answer. When it is just being interrupted, this waits until the watchdog knows where it was, so
    /// that the log tells that when the call has ended.
    pub fn wait_for_watchdog(&self, call: u64) {
        let is_over = || self.state.lock().interrupted != Some(call);
        wait_until(Instant::now() + STACK_TIME, is_over);
    }

    /// Where the child says a late call is.
    fn stack(&self, call: u64) -> String {
        let mut told = None;
        wait_until(Instant::now() + STACK_TIME, || {
            told = self.state.lock().stack.take().filter(|(of, _)| *of == call);
            told.is_some()
        });
        told.map_or_else(
            || "  (it is in native code, which keeps Python's lock)".to_owned(),
            |(_, stack)| stack,
        )
    }
}
