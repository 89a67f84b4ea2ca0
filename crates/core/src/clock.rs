//! The clocks of the process, in nanoseconds since some moment.
//!
//! Reading the exact clock takes some 40 ns. Reading the ticking clock costs no more than reading a number:
//! the watchdog's thread sets it every [`TICK`], so it lags behind by up to one tick. When that thread gets
//! no turn, because the process is stopped or the machine is asleep or too busy, the ticking clock counts at
//! most [`LONGEST_TICK`] of that time: scripts did not run either, or not as they would, and a call that
//! begins before the next tick must not seem to have begun long ago. So values of the two clocks must not be
//! compared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often the ticking clock is set.
pub const TICK: Duration = Duration::from_millis(10);

/// By how much the ticking clock is advanced at most.
pub const LONGEST_TICK: Duration = Duration::from_millis(50);

static TICKING: AtomicU64 = AtomicU64::new(0);
/// When the ticking clock was last set, by the exact clock; 0 until it is set.
static SET_AT: AtomicU64 = AtomicU64::new(0);

/// Time by the ticking clock.
#[inline]
pub fn ticking() -> u64 {
    TICKING.load(Ordering::Relaxed)
}

/// Sets the ticking clock and returns its new value. Only one thread at a time may do so.
pub fn tick() -> u64 {
    let exact = exact();
    let now = match SET_AT.swap(exact, Ordering::Relaxed) {
        0 => exact,
        before => ticking() + exact.saturating_sub(before).min(LONGEST_TICK.as_nanos() as u64),
    };
    TICKING.store(now, Ordering::Relaxed);
    now
}

/// Time by the exact clock.
#[inline]
pub fn exact() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock every Linux has; the structure is filled.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Seconds since the epoch.
pub fn unix_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> u64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: a clock every Linux has; the structure is filled.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32).as_nanos() as u64
    }

    #[test]
    fn the_exact_clock_counts_nanoseconds() {
        let (before, exact, after) = (now(), exact(), now());
        assert!((before..=after).contains(&exact), "{before} {exact} {after}");
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        assert!((unix..unix + 3600.0).contains(&unix_time()));
    }

    /// No other test sets this clock.
    #[test]
    fn the_ticking_clock_is_set_forward_and_not_by_much() {
        let before = exact();
        let first = tick();
        assert!((before..=exact()).contains(&first) && ticking() == first);
        let most = LONGEST_TICK.as_nanos() as u64;
        let last = SET_AT.load(Ordering::Relaxed);
        assert!((before..=exact()).contains(&last));
        let second = tick();
        assert!(second >= first && second <= first + most && ticking() == second);
        // The process was stopped for an hour.
        SET_AT.store(1, Ordering::Relaxed);
        assert_eq!(tick(), second + most);
        SET_AT.store(u64::MAX, Ordering::Relaxed);
        assert_eq!((tick(), ticking()), (second + most, second + most));
        let steps = (exact() - SET_AT.load(Ordering::Relaxed), tick() - second - most);
        assert!(steps.1 >= steps.0.min(most), "{steps:?}");
    }
}
