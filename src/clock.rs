//! The clocks of the process, in nanoseconds.
//!
//! Reading the exact one takes some 40 ns, the coarse one 3 ns. Both count the same time, so their
//! values may be compared; the coarse one lags behind by up to a tick of the kernel, 1 to 10 ms.

use std::time::{SystemTime, UNIX_EPOCH};

/// Time to the tick of the kernel.
#[inline]
pub fn coarse() -> u64 {
    read(libc::CLOCK_MONOTONIC_COARSE)
}

/// Time as exactly as the machine has it.
#[inline]
pub fn exact() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

#[inline]
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a clock every Linux has; the structure is filled.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Seconds since the epoch.
pub fn unix_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
