//! Suspends a hook or function that goes past its deadline again and again, and tries it again after a pause
//! that doubles each time.
//!
//! Exceptions alone suspend nothing, or a user who sends a hook something unexpected could switch it off for
//! everybody.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use vh_core::clock;

/// How many timeouts in a row suspend.
const TIMEOUTS: u64 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LAST_PAUSE: Duration = Duration::from_secs(600);
/// A hook that is suspended again within this time after it was back goes on with its longer pauses.
const MEMORY: u64 = Duration::from_secs(3600).as_nanos() as u64;

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It returned, or raised an exception.
    InTime,
    /// It went past its deadline.
    Timeout,
}

/// What a call's end changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// The hook is suspended for so long.
    Suspended(Duration),
    /// It was tried again and failed: suspended for so long.
    StillSuspended(Duration),
    /// It was tried again and is back.
    Recovered,
}

/// The state of one hook or function. Written by threads that have its interpreter attached, one at
/// a time.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Timeouts in a row.
    streak: AtomicU64,
    /// When it may be tried again, by the exact clock; 0 when it is not suspended.
    until: AtomicU64,
    /// Whether it is being tried.
    trial: AtomicBool,
    /// How long the last pause was, in nanoseconds.
    pause: AtomicU64,
    /// When it last came back from being suspended.
    back: AtomicU64,
}

impl Breaker {
    /// Whether it may be called now. After a yes the caller must report the `outcome`.
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
        if outcome == Outcome::InTime && is_calm {
            return None;
        }
        self.note(outcome, clock::exact())
    }

    #[cold]
    fn note(&self, outcome: Outcome, now: u64) -> Option<Change> {
        let streak = match outcome {
            Outcome::InTime => 0,
            Outcome::Timeout => self.streak.load(Ordering::Relaxed) + 1,
        };
        self.streak.store(streak, Ordering::Relaxed);
        if self.is_suspended() {
            return self.end_of_trial(outcome, now);
        }
        (streak >= TIMEOUTS).then(|| Change::Suspended(self.suspend(self.first_pause(now), now)))
    }

    /// The first pause. A hook that comes and goes does not start again with a short one.
    fn first_pause(&self, now: u64) -> Duration {
        let flaps = now.saturating_sub(self.back.load(Ordering::Relaxed)) < MEMORY;
        if self.pause.load(Ordering::Relaxed) > 0 && flaps {
            self.next_pause()
        } else {
            FIRST_PAUSE
        }
    }

    fn next_pause(&self) -> Duration {
        (Duration::from_nanos(self.pause.load(Ordering::Relaxed)) * 2).min(LAST_PAUSE)
    }

    fn end_of_trial(&self, outcome: Outcome, now: u64) -> Option<Change> {
        // Calls that began before the suspension end here too, and decide nothing.
        if !self.trial.swap(false, Ordering::Relaxed) {
            return None;
        }
        if outcome == Outcome::InTime {
            self.until.store(0, Ordering::Relaxed);
            self.back.store(now, Ordering::Relaxed);
            return Some(Change::Recovered);
        }
        Some(Change::StillSuspended(self.suspend(self.next_pause(), now)))
    }

    fn suspend(&self, pause: Duration, now: u64) -> Duration {
        let nanoseconds = pause.as_nanos() as u64;
        self.pause.store(nanoseconds, Ordering::Relaxed);
        self.until.store(now + nanoseconds, Ordering::Relaxed);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn time_out(breaker: &Breaker, now: u64, times: usize) -> Option<Change> {
        (0..times).map(|_| breaker.note(Outcome::Timeout, now)).last().flatten()
    }

    /// Tries it again at that moment, with this outcome.
    fn try_again(breaker: &Breaker, outcome: Outcome, now: u64) -> Option<Change> {
        breaker.trial.store(true, Ordering::Relaxed);
        breaker.note(outcome, now)
    }

    fn suspended(seconds: u64) -> Option<Change> {
        Some(Change::Suspended(Duration::from_secs(seconds)))
    }

    #[test]
    fn three_timeouts_in_a_row_suspend() {
        let breaker = Breaker::default();
        assert_eq!(time_out(&breaker, SECOND, 2), None);
        assert_eq!(breaker.note(Outcome::InTime, SECOND), None);
        assert_eq!(time_out(&breaker, SECOND, 2), None);
        assert!(breaker.admits());
        assert_eq!(breaker.outcome(Outcome::Timeout), suspended(5));
        assert!(!breaker.admits());
    }

    #[test]
    fn late_news_of_calls_before_decides_nothing() {
        let breaker = Breaker::default();
        time_out(&breaker, SECOND, 3);
        assert_eq!(breaker.note(Outcome::InTime, SECOND), None);
        assert!(breaker.is_suspended());
        breaker.until.store(1, Ordering::Relaxed);
        assert!(breaker.admits());
        assert!(!breaker.admits(), "one trial at a time");
        assert_eq!(breaker.outcome(Outcome::InTime), Some(Change::Recovered));
    }

    #[test]
    fn pauses_double_up_to_ten_minutes_and_a_success_ends_them() {
        let breaker = Breaker::default();
        time_out(&breaker, SECOND, 3);
        let pauses = (0..9).map(|_| match try_again(&breaker, Outcome::Timeout, SECOND) {
            Some(Change::StillSuspended(pause)) => pause.as_secs(),
            other => panic!("{other:?}"),
        });
        assert_eq!(pauses.collect::<Vec<_>>(), [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        assert!(breaker.is_suspended());
        assert_eq!(try_again(&breaker, Outcome::InTime, SECOND), Some(Change::Recovered));
        assert!(breaker.admits());
    }

    #[test]
    fn what_comes_and_goes_waits_longer_each_time() {
        let breaker = Breaker::default();
        assert_eq!(time_out(&breaker, SECOND, 3), suspended(5));
        try_again(&breaker, Outcome::InTime, 6 * SECOND);
        assert_eq!(time_out(&breaker, 7 * SECOND, 3), suspended(10));
        try_again(&breaker, Outcome::InTime, 17 * SECOND);
        assert_eq!(time_out(&breaker, 1000 * SECOND, 3), suspended(20));
        try_again(&breaker, Outcome::InTime, 1020 * SECOND);
        assert_eq!(time_out(&breaker, 1020 * SECOND + MEMORY, 3), suspended(5), "all forgotten");
    }

    #[test]
    fn a_trial_comes_after_the_pause() {
        let breaker = Breaker::default();
        let now = clock::exact();
        time_out(&breaker, now - Duration::from_secs(6).as_nanos() as u64, 3);
        assert!(breaker.is_suspended() && breaker.admits(), "the pause is over");
        let breaker = Breaker::default();
        time_out(&breaker, now + Duration::from_secs(3600).as_nanos() as u64, 3);
        assert!(breaker.is_suspended() && !breaker.admits());
    }

    #[test]
    fn a_call_in_time_ends_a_row_of_timeouts() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            assert_eq!(breaker.outcome(Outcome::Timeout), None);
            assert_eq!(breaker.outcome(Outcome::Timeout), None);
            assert_eq!(breaker.outcome(Outcome::InTime), None);
        }
        assert!(!breaker.is_suspended());
    }
}
