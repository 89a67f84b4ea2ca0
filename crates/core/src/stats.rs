//! Statistics of one hook or function of a script: how often it was called, how long that took, how it
//! failed.
//!
//! Counting costs a few nanoseconds for each call: only threads that have the script's interpreter attached
//! do it, one at a time, so plain loads and stores are enough. Reading the exact clock twice would cost more
//! than all the rest, so not every call is timed exactly:
//!
//! - the first call in each tick of the ticking clock is, which means nearly all calls in a hub that has
//!   little to do;
//! - so are the first `EXACTLY` calls, and as many after each slow call;
//! - of the others one in `SPARSE` is, picked at random, and counts `SPARSE` times in the histogram.
//!
//! `total` is an estimate without bias, however fast and slow calls are mixed. Each call's time is cut in two
//! at `EDGE`. The part below is summed up from the calls that were picked, each counted `SPARSE` times, which
//! is good enough because fast calls are much alike. The part above is taken from the ticking clock for every
//! call, picked or not: that may show nothing or a whole tick, but on average it shows the right time.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::clock;

/// Of calls that follow each other quickly, one in so many is timed.
const SPARSE: u64 = 32;
/// How many calls are timed at first, and after each slow one.
const EXACTLY: u64 = 256;
/// A call that takes this long is slow: reading the clock costs little beside it.
const SLOW: u64 = 1_000_000;
/// Where a time is cut into the two parts that are summed up in different ways.
const EDGE: u64 = 100_000;
const TICK: u64 = clock::TICK.as_nanos() as u64;

/// The numbers of one hook or function.
#[derive(Debug, Default)]
pub struct Row {
    calls: AtomicU64,
    errors: AtomicU64,
    timeouts: AtomicU64,
    /// How many calls were not made because the hook was suspended.
    skipped: AtomicU64,
    vh_calls: AtomicU64,
    /// When the last call began, by the ticking clock.
    last_start: AtomicU64,
    /// How many of the `EXACTLY` calls that are to be timed have been.
    timed: AtomicU64,
    times: Times,
    last_error: Mutex<Option<LastError>>,
}

/// The last thing that went wrong.
#[derive(Clone, Debug)]
pub struct LastError {
    /// Unix time.
    pub time: f64,
    /// What went wrong, in one line.
    pub text: String,
}

/// When a call began.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    ticking: u64,
    /// The time by the exact clock; 0 when this call is not timed.
    exact: u64,
    /// For how many calls its time counts.
    weight: u64,
}

impl Start {
    /// By the ticking clock.
    #[inline]
    pub fn ticking(&self) -> u64 {
        self.ticking
    }
}

/// Adds to a number that only threads with the script's interpreter attached write.
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
        self.start_at(clock::ticking(), clock::exact)
    }

    /// The same by these clocks.
    #[inline]
    fn start_at(&self, ticking: u64, exact: impl FnOnce() -> u64) -> Start {
        let number = self.calls.load(Ordering::Relaxed).wrapping_add(1);
        self.calls.store(number, Ordering::Relaxed);
        let timed = self.timed.load(Ordering::Relaxed);
        let weight = if self.last_start.load(Ordering::Relaxed) != ticking {
            self.last_start.store(ticking, Ordering::Relaxed);
            1
        } else if timed < EXACTLY {
            self.timed.store(timed + 1, Ordering::Relaxed);
            1
        } else if is_picked(number) {
            SPARSE
        } else {
            0
        };
        let exact = if weight == 0 { 0 } else { exact() };
        Start { ticking, exact, weight }
    }

    /// It has ended, after so many calls of `vh` functions; true when it is known to have been slow.
    /// The script's interpreter is attached.
    #[inline]
    pub fn end(&self, start: Start, vh_calls: u64) -> bool {
        if vh_calls > 0 {
            add(&self.vh_calls, vh_calls);
        }
        self.end_at(start, clock::ticking(), clock::exact)
    }

    /// The same by these clocks.
    #[inline]
    fn end_at(&self, start: Start, last_tick: u64, exact: impl FnOnce() -> u64) -> bool {
        if start.weight > 0 {
            return self.end_timed(start, exact());
        }
        last_tick != start.ticking && self.end_across_ticks(start, last_tick, exact())
    }

    /// The end of a call that was timed.
    #[inline]
    fn end_timed(&self, start: Start, now: u64) -> bool {
        let time = now - start.exact;
        self.times.record(time, start.weight);
        add(&self.times.total, time + time.min(EDGE) * (start.weight - 1));
        let is_slow = time >= SLOW;
        if is_slow {
            self.timed.store(0, Ordering::Relaxed);
        }
        is_slow
    }

    /// The end of one that was not, of which a tick is known that it began in, and one that it went on
    /// after.
    #[cold]
    fn end_across_ticks(&self, start: Start, last_tick: u64, now: u64) -> bool {
        let since_tick = now.saturating_sub(last_tick);
        let ticks = last_tick.saturating_sub(start.ticking);
        // The ticks in it but for its last `EDGE`: on average that is how much longer it took.
        let beyond = if since_tick >= EDGE { ticks } else { ticks.saturating_sub(TICK) };
        add(&self.times.total, beyond);
        // It went on for so long at least.
        let least = ticks.saturating_sub(TICK) + since_tick;
        self.times.has_max(least);
        if beyond > 0 {
            self.timed.store(0, Ordering::Relaxed);
        }
        least >= SLOW
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

    /// Whether a call of it was made, or not made because the hook is suspended.
    #[inline]
    pub fn was_called(&self) -> bool {
        read(&self.calls) > 0 || read(&self.skipped) > 0
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
        add(&self.counts[bucket_of(time)], weight);
        self.has_max(time);
    }

    /// One took so long at least.
    #[inline]
    fn has_max(&self, time: u64) {
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

    /// Runs calls on clocks of its own: `time_of` tells how long the call of a number takes, and
    /// `pause` how much time is between two.
    fn run(calls: u64, pause: u64, time_of: impl Fn(u64) -> u64) -> (Row, u64, u64) {
        let row = Row::default();
        // The first tick of a process is not the zero that rows begin with.
        let (mut now, mut total, mut max) = (10 * TICK, 0, 0);
        let tick = |now: u64| now - now % TICK;
        for number in 0..calls {
            now += pause;
            let start = row.start_at(tick(now), || now);
            let time = time_of(number);
            (now, total, max) = (now + time, total + time, max.max(time));
            row.end_at(start, tick(now), || now);
        }
        (row, total, max)
    }

    fn is_near(found: u64, exact: u64, percent: u64) -> bool {
        found.abs_diff(exact) * 100 <= exact * percent
    }

    #[test]
    fn the_total_is_right_however_fast_and_slow_calls_are_mixed() {
        // How many calls, which of them are slow, how long those take, and how exactly it is known.
        for (calls, every, slow, percent) in [
            (2_200, 11, 5_000_000, 1),
            (400, 20, 15_000_000, 1),
            (400_000, 1_000, 5_000_000, 10),
            (400_000, 700, 15_300_000, 5),
            (2_000_000, 5_003, 70_000_000, 5),
            (1_000_000, 499, 400_000, 15),
            (1_000_000, 1, 170, 3),
            (1_000_000, 1, 2_330, 3),
        ] {
            let time_of = |number| if number % every == every - 1 { slow } else { 900 };
            let (row, total, max) = run(calls, 131, time_of);
            let found = row.read();
            assert!(is_near(found.total, total, percent), "{every}: {} for {total}", found.total);
            assert!(found.max <= max && found.max + TICK >= max, "{every}: {} {max}", found.max);
        }
    }

    #[test]
    fn slow_calls_among_fast_ones_are_timed_exactly() {
        let time_of = |number| if number % 11 == 10 { 5_000_000 } else { 1_000 };
        let (row, total, max) = run(2_200, 100, time_of);
        let found = row.read();
        assert_eq!((found.total, found.max), (total, max));
        assert!(found.p50 < 1_300 && is_near(found.p99, 5_000_000, 25), "{found:?}");
    }

    #[test]
    fn what_was_called_or_would_have_been_is_known() {
        let [called, skipped, neither] = [(); 3].map(|()| Row::default());
        called.begin();
        skipped.count_skipped();
        assert!(called.was_called() && skipped.was_called() && !neither.was_called());
    }

    /// The weight of the next call at this tick.
    fn weight(row: &Row, tick: u64) -> u64 {
        row.start_at(tick, || tick).weight
    }

    /// A call at this tick that is not timed, because so many were.
    fn untimed(row: &Row, tick: u64) -> Start {
        loop {
            let start = row.start_at(tick, || tick);
            if start.weight == 0 {
                return start;
            }
        }
    }

    #[test]
    fn the_first_calls_of_a_tick_are_timed_and_few_of_the_others() {
        let row = Row::default();
        let weights: Vec<_> = (0..20_000).map(|_| weight(&row, TICK)).collect();
        let exactly = 1 + EXACTLY as usize;
        assert!(weights[..exactly].iter().all(|&weight| weight == 1));
        let picked = weights[exactly..].iter().filter(|&&weight| weight == SPARSE).count() as u64;
        assert!((300..1200).contains(&picked), "{picked}");
        assert!(weights[exactly..].iter().all(|&weight| weight == SPARSE || weight == 0));
        assert_eq!(weight(&row, 2 * TICK), 1, "the first of each tick");
    }

    #[test]
    fn after_a_slow_call_the_next_ones_are_timed() {
        let row = Row::default();
        let start = untimed(&row, TICK);
        row.end_at(start, 2 * TICK, || 2 * TICK + EDGE - 1);
        assert_eq!(row.total(), 0, "it may have been fast");
        let start = untimed(&row, TICK);
        assert!(row.end_at(start, 2 * TICK, || 2 * TICK + SLOW));
        assert_eq!((row.total(), weight(&row, TICK)), (TICK, 1));
        let start = untimed(&row, TICK);
        assert!(row.end_at(start, 3 * TICK, || 3 * TICK));
        assert_eq!((row.total(), weight(&row, TICK)), (2 * TICK, 1));
        let start = untimed(&row, TICK);
        assert!(!row.end_at(start, TICK, || panic!("nobody looks at the clock")));
    }

    /// Prints what statistics cost a call; `cargo test --release -- --nocapture costs`.
    #[test]
    fn costs_a_few_nanoseconds() {
        const CALLS: u32 = 2_000_000;
        let row = Row::default();
        let measure = || {
            let start = clock::exact();
            for _ in 0..CALLS {
                let start = std::hint::black_box(&row).begin();
                row.end(start, std::hint::black_box(1));
            }
            (clock::exact() - start) as f64 / f64::from(CALLS)
        };
        let best = (0..9).map(|_| measure()).fold(f64::MAX, f64::min);
        println!("statistics of a call: {best:.1} ns");
    }
}
