//! How a back end ends: by itself, by its host, or because it must.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use vh_core::error::{Code, Error};

use super::Backend;
use crate::input::Rest;
use crate::{child, guardian, poller};

/// How long it may take to end when it is asked to.
pub const GRACE: Duration = Duration::from_secs(2);
/// How long the kernel may take to end it when it is killed.
const LONGEST_KILL: Duration = Duration::from_secs(10);

impl Backend {
    /// Ends it: asks it to, and kills it when it has not ended two seconds later. Returns when it has ended. Its
    /// calls are answered with `closed`.
    pub fn terminate(self: &Arc<Backend>) -> Result<(), Error> {
        self.ask_to_end();
        self.end_by(Instant::now() + GRACE)
    }

    /// Asks it to end.
    pub(crate) fn ask_to_end(self: &Arc<Backend>) {
        if !self.is_unwanted.swap(true, Ordering::AcqRel) {
            // If it cannot be asked it is killed.
            let _ = self.begin_to_end();
        }
    }

    /// Waits until it has ended, and kills it when it has not at the deadline.
    pub(crate) fn end_by(&self, deadline: Instant) -> Result<(), Error> {
        self.wait_for_end(deadline);
        self.kill_and_wait()
    }

    /// Ends it at once.
    pub fn kill_and_wait(&self) -> Result<(), Error> {
        self.is_unwanted.store(true, Ordering::Release);
        self.kill();
        if self.wait_for_end(Instant::now() + LONGEST_KILL) {
            return Ok(());
        }
        let message =
            format!("process {} of {} does not end, though it was killed", self.pid(), self.label);
        Err(Error::new(Code::Timeout, message))
    }

    /// Asks it to end. It is not waited for: whether it has answered, its end tells.
    fn begin_to_end(self: &Arc<Backend>) -> Result<(), Error> {
        self.begin("shutdown", "", Some(GRACE))?.without_answer();
        // Some end only when they have no more to read.
        let mut input = self.input.lock();
        if input.as_ref().is_some_and(|input| input.rest() == Rest::Nothing) {
            *input = None;
        }
        Ok(())
    }

    /// Whether it has ended at the deadline.
    fn wait_for_end(&self, deadline: Instant) -> bool {
        let mut calls = self.calls.lock();
        while calls.ended.is_none() {
            if self.has_ended.wait_until(&mut calls, deadline).timed_out() {
                return calls.ended.is_some();
            }
        }
        true
    }

    /// Kills it and its process group.
    pub(super) fn kill(&self) {
        // While `child` is there its end has not been taken, so its number is no other process's.
        if self.child.lock().is_some() {
            child::kill_group(self.pid);
        }
    }

    /// It cannot answer any more, so it is given a moment to end by itself.
    pub(super) fn must_end_soon(&self) {
        self.calls.lock().kill_at = Some(Instant::now() + GRACE);
    }

    /// Its process has ended: whoever waits hears how, and nothing of it stays.
    pub(super) fn bury(&self) {
        let status = {
            let mut child = self.child.lock();
            let Some(mut ended) = child.take() else { return };
            poller::remove(&ended.end);
            // What it has started goes with it. Its number is taken by nobody while its end is not taken.
            child::kill_group(self.pid);
            guardian::remove(self.pid());
            ended.status()
        };
        self.read_the_rest();
        let mut how = match status {
            _ if self.is_unwanted.load(Ordering::Acquire) => "was terminated".to_owned(),
            Some(status) => format!("has ended ({status})"),
            None => "has ended; how is not known, because the host takes the ends of its children"
                .to_owned(),
        };
        let last = self.close_errors();
        if !last.is_empty() && !self.is_unwanted.load(Ordering::Acquire) {
            how.push_str(&format!("; its last words: {}", last.join(" | ")));
        }
        drop(self.input.lock().take());
        poller::forget(self.number);
        self.events.clear();
        // Whoever hears of the end may start another one at once.
        if let Some(listener) = &self.listener {
            listener.ended(&how, self.is_unwanted.load(Ordering::Acquire));
        }
        self.answer_all(&self.closed(&how));
    }

    /// Takes the answers that came before the end.
    fn read_the_rest(&self) {
        // A call that reads sees the end too and gives the lock up.
        let mut output = self.output.lock();
        if let Some(output) = &mut *output {
            while self.read(output) {}
        }
        *output = None;
    }

    /// Takes what it printed before the end, and returns its last lines.
    fn close_errors(&self) -> Vec<String> {
        self.read_errors();
        let Some(mut errors) = self.errors.lock().take() else { return Vec::new() };
        errors.lines.end(|line| self.print(line));
        errors.lines.last().into_iter().map(str::to_owned).collect()
    }
}
