//! Suspends a hook that does nothing but fail, and tries it again after a pause that doubles from
//! time to time. Meanwhile events pass on as if the script did not have it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;

/// So many timeouts in a row suspend.
const TIMEOUTS: u64 = 3;
/// So many failures in a row, timeouts among them, suspend.
const FAILURES: u64 = 50;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(600);

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned.
    Success,
    /// It raised an exception, or returned what cannot be passed on.
    Failure,
    /// It went past its deadline.
    Timeout,
}

/// What a call's end changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The hook is suspended for so long; why.
    Suspended(Duration, &'static str),
    /// It was tried again and failed: suspended for so long.
    StillSuspended(Duration),
    /// It was tried again and is back.
    Recovered,
}

/// The state of one hook or function. Written by threads that have its interpreter attached, one at
/// a time.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Failures in a row, and timeouts in a row `TIMEOUT` times.
    streak: AtomicU64,
    /// When it may be tried again, by the exact clock; 0 when it is not suspended.
    until: AtomicU64,
    /// Whether it is being tried.
    trial: AtomicBool,
    /// How long the last pause was, in nanoseconds.
    pause: AtomicU64,
}

/// Timeouts are counted in the upper half.
const TIMEOUT: u64 = 1 << 32;

impl Breaker {
    /// Whether it may be called now. Who gets a yes must report the `outcome`.
    #[inline]
    pub fn admits(&self) -> bool {
        self.until.load(Ordering::Relaxed) == 0 || self.admits_trial()
    }

    #[cold]
    fn admits_trial(&self) -> bool {
        clock::exact() >= self.until.load(Ordering::Relaxed)
            && !self.trial.swap(true, Ordering::Relaxed)
    }

    /// Whether it is suspended.
    #[inline]
    pub fn is_suspended(&self) -> bool {
        self.until.load(Ordering::Relaxed) != 0
    }

    /// A call has ended.
    #[inline]
    pub fn outcome(&self, outcome: Outcome) -> Option<Change> {
        let is_calm = self.streak.load(Ordering::Relaxed) == 0 && !self.is_suspended();
        if outcome == Outcome::Success && is_calm {
            return None;
        }
        self.note(outcome)
    }

    /// A call has ended whose work goes on; `settle` tells the outcome. Meanwhile there may be another
    /// trial.
    pub fn goes_on(&self) {
        self.trial.store(false, Ordering::Relaxed);
    }

    /// The work of such a call has ended.
    pub fn settle(&self, outcome: Outcome) -> Option<Change> {
        if self.is_suspended() && clock::exact() >= self.until.load(Ordering::Relaxed) {
            self.trial.store(true, Ordering::Relaxed);
        }
        self.outcome(outcome)
    }

    #[cold]
    fn note(&self, outcome: Outcome) -> Option<Change> {
        let before = self.streak.load(Ordering::Relaxed);
        let streak = match outcome {
            Outcome::Success => 0,
            Outcome::Failure => before % TIMEOUT + 1,
            Outcome::Timeout => before + TIMEOUT + 1,
        };
        self.streak.store(streak, Ordering::Relaxed);
        if self.is_suspended() {
            return self.end_of_trial(outcome);
        }
        let reason = if streak / TIMEOUT >= TIMEOUTS {
            "it went past its deadline 3 times in a row"
        } else if streak % TIMEOUT >= FAILURES {
            "its last 50 calls all failed"
        } else {
            return None;
        };
        Some(Change::Suspended(self.suspend(FIRST_PAUSE), reason))
    }

    fn end_of_trial(&self, outcome: Outcome) -> Option<Change> {
        // Calls that began before the suspension end here too, and decide nothing.
        if !self.trial.swap(false, Ordering::Relaxed) {
            return None;
        }
        if outcome == Outcome::Success {
            self.until.store(0, Ordering::Relaxed);
            return Some(Change::Recovered);
        }
        let pause = Duration::from_nanos(self.pause.load(Ordering::Relaxed));
        Some(Change::StillSuspended(self.suspend((pause * 2).min(LAST_PAUSE))))
    }

    fn suspend(&self, pause: Duration) -> Duration {
        let nanoseconds = pause.as_nanos() as u64;
        self.pause.store(nanoseconds, Ordering::Relaxed);
        self.until.store(clock::exact() + nanoseconds, Ordering::Relaxed);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, outcome: Outcome, times: usize) -> Option<Change> {
        (0..times).map(|_| breaker.outcome(outcome)).last().flatten()
    }

    #[test]
    fn three_timeouts_in_a_row_suspend() {
        let breaker = Breaker::default();
        assert_eq!(fail(&breaker, Outcome::Timeout, 2), None);
        assert_eq!(breaker.outcome(Outcome::Failure), None);
        assert_eq!(fail(&breaker, Outcome::Timeout, 2), None);
        assert!(breaker.admits());
        assert!(matches!(
            breaker.outcome(Outcome::Timeout),
            Some(Change::Suspended(FIRST_PAUSE, _))
        ));
        assert!(!breaker.admits());
    }

    #[test]
    fn only_failing_suspends() {
        let breaker = Breaker::default();
        assert_eq!(fail(&breaker, Outcome::Failure, 49), None);
        assert_eq!(breaker.outcome(Outcome::Success), None);
        assert_eq!(fail(&breaker, Outcome::Failure, 49), None);
        assert!(matches!(breaker.outcome(Outcome::Failure), Some(Change::Suspended(..))));
    }

    #[test]
    fn work_that_goes_on_counts_when_it_has_ended() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            breaker.goes_on();
            assert_eq!(breaker.settle(Outcome::Failure), None);
        }
        assert!(matches!(breaker.settle(Outcome::Failure), Some(Change::Suspended(..))));
        // Late news of work that began before the suspension decides nothing.
        assert_eq!(breaker.settle(Outcome::Success), None);
        breaker.until.store(1, Ordering::Relaxed);
        assert!(breaker.admits());
        breaker.goes_on();
        assert!(breaker.admits());
        assert_eq!(breaker.settle(Outcome::Success), Some(Change::Recovered));
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_a_success_ends_them() {
        let breaker = Breaker::default();
        fail(&breaker, Outcome::Timeout, 3);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            breaker.trial.store(true, Ordering::Relaxed);
            match breaker.outcome(Outcome::Failure) {
                Some(Change::StillSuspended(pause)) => pauses.push(pause.as_secs()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert!(!breaker.admits());
        breaker.trial.store(true, Ordering::Relaxed);
        assert_eq!(breaker.outcome(Outcome::Success), Some(Change::Recovered));
        assert!(breaker.admits());
    }
}
