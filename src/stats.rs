//! Statistics of one hook or function of a script: how often, how long, how it failed.
//!
//! Counting costs a few nanoseconds a call because only threads that have the script's interpreter
//! attached do it, one at a time, so that plain loads and stores are enough. Reading the exact
//! clock twice would cost more than all the rest. So the time of a call is taken when the one
//! before began in another tick of the ticking clock, which is nearly always so in a hub; of calls
//! that follow each other faster, one in `SPARSE`, picked at random, stands for as many. A slow call
//! stands for itself only, and the next one is timed too. Long calls are all recorded: the ticking
//! clock shows them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::clock;

pub mod render;

/// Of calls that follow each other within a tick, one in so many is timed.
const SPARSE: u64 = 32;
/// A call that takes so long is slow: reading the clock costs nothing beside it.
const SLOW: u64 = 1_000_000;
/// A call that takes so long by the ticking clock is long.
const LONG: u64 = 2 * clock::TICK.as_nanos() as u64;

/// The numbers of one hook or function.
#[derive(Debug, Default)]
pub struct Row {
    calls: AtomicU64,
    errors: AtomicU64,
    timeouts: AtomicU64,
    /// Calls that were not made, because the hook is suspended.
    skipped: AtomicU64,
    vh_calls: AtomicU64,
    /// When the last call began, by the ticking clock.
    last_start: AtomicU64,
    /// Whether the last call that was timed was slow.
    slow: AtomicBool,
    times: Times,
    last_error: Mutex<Option<LastError>>,
}

/// What went wrong last.
#[derive(Clone, Debug)]
pub struct LastError {
    /// Unix time.
    pub time: f64,
    /// One line.
    pub text: String,
}

/// When a call began.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    ticking: u64,
    /// By the exact clock; 0 when this call is not timed.
    exact: u64,
    /// How many calls its time stands for.
    weight: u64,
}

impl Start {
    /// By the ticking clock.
    #[inline]
    pub fn ticking(&self) -> u64 {
        self.ticking
    }
}

/// Adds to a number that only threads with the interpreter attached write.
#[inline]
fn add(number: &AtomicU64, more: u64) {
    number.store(number.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
}

fn read(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

impl Row {
    /// A call begins. The script's interpreter is attached.
    #[inline]
    pub fn begin(&self) -> Start {
        let ticking = clock::ticking();
        let number = self.calls.load(Ordering::Relaxed).wrapping_add(1);
        self.calls.store(number, Ordering::Relaxed);
        let is_new_tick = self.last_start.load(Ordering::Relaxed) != ticking;
        let weight = if is_new_tick || self.slow.load(Ordering::Relaxed) {
            self.last_start.store(ticking, Ordering::Relaxed);
            1
        } else if is_picked(number) {
            SPARSE
        } else {
            0
        };
        let exact = if weight == 0 { 0 } else { clock::exact() };
        Start { ticking, exact, weight }
    }

    /// It has ended, after so many calls of `vh` functions. The script's interpreter is attached.
    #[inline]
    pub fn end(&self, start: Start, vh_calls: u64) {
        if vh_calls > 0 {
            add(&self.vh_calls, vh_calls);
        }
        if start.weight > 0 {
            let time = clock::exact() - start.exact;
            let is_slow = time >= SLOW;
            self.slow.store(is_slow, Ordering::Relaxed);
            self.times.record(time, if is_slow { 1 } else { start.weight });
            return;
        }
        let time = clock::ticking() - start.ticking;
        if time >= LONG {
            self.times.record(time, 1);
        }
    }

    /// A call failed.
    pub fn count_error(&self, text: String) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        *self.last_error.lock() = Some(LastError { time: clock::unix_time(), text });
    }

    /// A call went past its deadline.
    pub fn count_timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    /// A call was not made.
    pub fn count_skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// How long all calls took, in nanoseconds.
    pub fn total(&self) -> u64 {
        read(&self.times.total)
    }

    /// The numbers as they are now.
    pub fn read(&self) -> Numbers {
        let times = self.times.read();
        Numbers {
            calls: read(&self.calls),
            errors: read(&self.errors),
            timeouts: read(&self.timeouts),
            skipped: read(&self.skipped),
            vh_calls: read(&self.vh_calls),
            total: read(&self.times.total),
            max: read(&self.times.max),
            p50: times.quantile(0.5),
            p99: times.quantile(0.99),
            last_error: self.last_error.lock().clone(),
        }
    }
}

/// A copy of a row; times in nanoseconds.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Numbers {
    pub calls: u64,
    pub errors: u64,
    pub timeouts: u64,
    pub skipped: u64,
    pub vh_calls: u64,
    pub total: u64,
    pub max: u64,
    pub p50: u64,
    pub p99: u64,
    pub last_error: Option<LastError>,
}

/// Whether the call of this number is timed: one in `SPARSE`, without a pattern that calls could
/// follow too.
#[inline]
fn is_picked(number: u64) -> bool {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SPARSE.ilog2()) == 0
}

/// Four buckets to each power of two of nanoseconds, from 64 ns to four and a half minutes.
const BUCKETS: usize = 128;
const FIRST_POWER: u32 = 6;

/// How long calls took.
#[derive(Debug)]
struct Times {
    total: AtomicU64,
    max: AtomicU64,
    counts: [AtomicU64; BUCKETS],
}

impl Default for Times {
    fn default() -> Times {
        Times {
            total: AtomicU64::new(0),
            max: AtomicU64::new(0),
            counts: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Times {
    #[inline]
    fn record(&self, time: u64, weight: u64) {
        add(&self.total, time.wrapping_mul(weight));
        add(&self.counts[bucket_of(time)], weight);
        if time > self.max.load(Ordering::Relaxed) {
            self.max.store(time, Ordering::Relaxed);
        }
    }

    fn read(&self) -> Histogram {
        Histogram { counts: self.counts.each_ref().map(read), max: read(&self.max) }
    }
}

/// A copy of the buckets.
struct Histogram {
    counts: [u64; BUCKETS],
    max: u64,
}

impl Histogram {
    /// The time that this share of the calls stayed below; within a quarter of the true one.
    fn quantile(&self, share: f64) -> u64 {
        let all: u64 = self.counts.iter().sum();
        let wanted = (all as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return end_of(bucket).min(self.max);
            }
        }
        0
    }
}

#[inline]
fn bucket_of(time: u64) -> usize {
    let time = time.max(1 << FIRST_POWER);
    let power = time.ilog2();
    let quarter = (time >> (power - 2)) & 3;
    (((power - FIRST_POWER) * 4) as usize + quarter as usize).min(BUCKETS - 1)
}

/// Where a bucket ends.
fn end_of(bucket: usize) -> u64 {
    let (power, quarter) = (bucket as u32 / 4 + FIRST_POWER, bucket as u64 % 4);
    (5 + quarter) << (power - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_in_order_and_hold_their_times() {
        for time in [0, 63, 64, 79, 80, 100, 1000, 12_345, 1_000_000, 5_000_000_000] {
            let bucket = bucket_of(time);
            assert!(time < end_of(bucket), "{time}");
            assert!(bucket == 0 || time >= end_of(bucket - 1), "{time}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_within_a_quarter() {
        let times = Times::default();
        for time in 1..=1000 {
            times.record(time * 1000, 1);
        }
        let times = times.read();
        for (share, exact) in [(0.5, 500_000), (0.99, 990_000)] {
            let found = times.quantile(share);
            assert!(found >= exact && found <= exact + exact / 4, "{share}: {found}");
        }
        assert_eq!(times.quantile(1.0), 1_000_000);
    }

    #[test]
    fn nothing_is_known_of_calls_that_never_were() {
        let numbers = Row::default().read();
        assert_eq!((numbers.calls, numbers.p50, numbers.p99, numbers.max), (0, 0, 0, 0));
    }

    #[test]
    fn fast_calls_are_timed_now_and_then_and_stand_for_the_others() {
        let row = Row::default();
        for _ in 0..100_000 {
            let start = row.begin();
            row.end(start, 2);
        }
        let numbers = row.read();
        assert_eq!((numbers.calls, numbers.vh_calls), (100_000, 200_000));
        let counted: u64 = row.times.read().counts.iter().sum();
        assert!((70_000..140_000).contains(&counted), "{counted}");
    }

    #[test]
    fn long_calls_are_all_recorded() {
        let row = Row::default();
        let start = Start { ticking: clock::tick() - 50_000_000, exact: 0, weight: 0 };
        row.end(start, 0);
        assert!(row.read().max >= 50_000_000);
    }
}
