//! Cuts a wait of the hub's thread inside a script into slices. Between two slices the thread takes the
//! exception that is sent to a call past its deadline, and answers the `vh` calls of other threads, for one
//! of which it may be waiting.

use std::time::{Duration, Instant};

use super::interpreter::{self, detached};
use super::object::{Attached, Exception, Raised};
use super::{force_stop, interrupt, report, scope};
use vh_core::config;
use vh_guard::current;
use vh_guard::slot::Slot;
use vh_host::host_queue;

/// The longest slice, and the shortest, which follows when calls of other threads were answered.
pub const LONGEST: Duration = Duration::from_millis(10);
const SHORTEST: Duration = Duration::from_micros(500);

/// After this time calls of other threads are answered. Most waits are over sooner, and the script may hold a
/// lock that is needed by what the hub calls meanwhile.
const GRACE: Duration = Duration::from_millis(50);

/// The time from the first slice in a late call until it gets an exception that nobody sent, for places where
/// none can be sent, as in the import system.
const UNSENT: Duration = Duration::from_millis(300);

/// How long one wait of a script's top level may last, unless `VH_PYTHON_LOAD_WAIT` says otherwise.
const LOAD_WAIT: Duration = Duration::from_secs(60);

/// One wait.
#[derive(Debug)]
pub struct Wait {
    slot: &'static Slot,
    started: Instant,
    /// When the script's own time for the wait is over; None when it waits for ever.
    end: Option<Instant>,
    slice: Duration,
    late_since: Option<Instant>,
    /// How long a top level may wait in one place, once that has been looked up.
    load_limit: Option<Duration>,
}

impl Wait {
    /// Begins a wait of a call on this thread; `limit` is how long the script wants to wait.
    pub fn begin(slot: &'static Slot, limit: Option<Duration>) -> Wait {
        let started = Instant::now();
        let end = limit.and_then(|limit| started.checked_add(limit));
        Wait { slot, started, end, slice: LONGEST, late_since: None, load_limit: None }
    }

    /// Whether the script's own time for it is over.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// How long the next slice is to be.
    pub fn next(&mut self, attached: Attached<'_>) -> Result<Duration, Raised> {
        self.hear(attached)?;
        self.slice = match self.serve(attached) {
            true => SHORTEST,
            false => (self.slice * 2).min(LONGEST),
        };
        let left = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        Ok(left.map_or(self.slice, |left| left.min(self.slice)))
    }

    /// Takes an exception that was sent to the call.
    fn hear(&mut self, attached: Attached<'_>) -> Result<(), Raised> {
        if !self.slot.is_late() {
            return self.end_load(attached);
        }
        interrupt::arrive_here(attached)?;
        if force_stop::refuses_here(attached) {
            return Err(interrupt::raise(attached));
        }
        let since = *self.late_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= UNSENT && self.slot.is_first_exception() {
            return Err(interrupt::raise(attached));
        }
        Ok(())
    }

    /// Ends a wait of a script's top level that takes too long: the top level may take as long as it needs,
    /// but not wait for something that never comes.
    fn end_load(&mut self, attached: Attached<'_>) -> Result<(), Raised> {
        if !self.slot.is_told_only() {
            return Ok(());
        }
        let ask = || config::seconds("VH_PYTHON_LOAD_WAIT", LOAD_WAIT);
        let limit = *self.load_limit.get_or_insert_with(ask);
        if limit.is_zero() || self.started.elapsed() < limit {
            return Ok(());
        }
        let limit = limit.as_secs_f64();
        let message = format!("the top level of a script has waited {limit} s in one place");
        Err(attached.raise(Exception::Timeout, &message))
    }

    /// Answers `vh` calls of other threads; false when there were none.
    fn serve(&self, attached: Attached<'_>) -> bool {
        let script = current::script();
        let is_parting = script.as_ref().is_some_and(|script| script.is_parting());
        if !host_queue::is_pending()
            || !interpreter::inside_host_call()
            || !is_parting && self.started.elapsed() < GRACE
        {
            return false;
        }
        let visit = self.slot.enter_host();
        if self.slot.is_late() {
            // This call's exception may be on its way already, and must not arrive in another call.
            return false;
        }
        detached(attached, host_queue::serve);
        drop(visit);
        if is_parting && let Err(raised) = scope::call(attached, c"run_jobs_of_current", &[]) {
            report::log(attached, raised, "", "running the jobs of a script");
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_the_documents_tell() {
        assert_eq!(LOAD_WAIT.as_secs_f64(), vh_testing::documented("VH_PYTHON_LOAD_WAIT"));
    }
}
