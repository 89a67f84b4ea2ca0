//! How much memory scripts take, as well as it can be told: the process's growth while a script is
//! loaded is the script's; later growth is shared among the scripts that were called since the last
//! look, by the time they took. CPython counts no memory for each interpreter, and counting every
//! allocation would cost more than it is worth.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::slot::{self, Slot};
use crate::config;
use crate::scripts::Context;

const MIB: i64 = 1024 * 1024;

/// What one script takes.
#[derive(Debug)]
pub struct Memory {
    at_load: AtomicI64,
    now: AtomicI64,
    /// When more than this is taken, it is told; 0 is never.
    warn_at: AtomicI64,
    /// Nanoseconds in its calls, when it was last looked at.
    seen_time: AtomicU64,
}

/// The process's memory when it was last looked at.
static LAST: AtomicI64 = AtomicI64::new(0);

impl Memory {
    /// Nothing yet; the environment says what is too much.
    pub fn from_environment() -> Memory {
        let warn_at = config::number("VH_PYTHON_MEMORY_WARN", 0.0) * MIB as f64;
        Memory {
            at_load: AtomicI64::new(0),
            now: AtomicI64::new(0),
            warn_at: AtomicI64::new(warn_at as i64),
            seen_time: AtomicU64::new(0),
        }
    }

    /// By how many bytes the process grew while it was loaded.
    pub fn at_load(&self) -> i64 {
        self.at_load.load(Ordering::Relaxed)
    }

    /// How many bytes it takes now, estimated.
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn grow(&self, bytes: i64) -> i64 {
        self.now.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

/// Memory of the process in RAM, in bytes; 0 when the system does not tell.
pub fn resident() -> i64 {
    let Ok(sizes) = std::fs::read_to_string("/proc/self/statm") else { return 0 };
    let pages: i64 = sizes.split(' ').nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
    // SAFETY: may be asked at any time.
    pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

/// A script has been loaded, before which the process had so much memory.
pub fn loaded(script: &Context, before: i64) {
    let growth = resident() - before;
    let memory = &script.profile.memory;
    memory.at_load.store(growth, Ordering::Relaxed);
    // The next look is not to count it again.
    LAST.fetch_add(growth, Ordering::Relaxed);
    warn(script, memory.grow(growth));
}

/// Looks at the process and shares what changed among the scripts; the watchdog does so each second.
pub fn look(scripts: &[Arc<Context>], now: u64) {
    let resident = resident();
    let growth = resident - LAST.swap(resident, Ordering::Relaxed);
    let times: Vec<u64> = scripts.iter().map(|script| time_since_last(script, now)).collect();
    let all: u64 = times.iter().sum();
    if all == 0 {
        return;
    }
    for (script, time) in scripts.iter().zip(times) {
        let share = (growth as f64 * time as f64 / all as f64) as i64;
        if share != 0 {
            warn(script, script.profile.memory.grow(share));
        }
    }
}

/// How long the script has run since it was last looked at.
fn time_since_last(script: &Context, now: u64) -> u64 {
    let callees = script.callees.all();
    let finished: u64 = callees.iter().map(|callee| callee.row().total()).sum();
    let running: u64 = slot::all()
        .filter_map(Slot::look)
        .filter(|seen| callees.iter().any(|callee| std::ptr::eq(*callee, seen.callee)))
        .map(|seen| now.saturating_sub(seen.started))
        .sum();
    let time = finished + running;
    time.saturating_sub(script.profile.memory.seen_time.swap(time, Ordering::Relaxed))
}

/// Tells when a script takes too much, and again when it takes twice as much.
fn warn(script: &Context, bytes: i64) {
    let memory = &script.profile.memory;
    let limit = memory.warn_at.load(Ordering::Relaxed);
    if limit == 0 || bytes <= limit {
        return;
    }
    memory.warn_at.store(bytes.max(limit) * 2, Ordering::Relaxed);
    tracing::warn!(
        script = %script.label,
        "takes about {} MiB of memory, more than VH_PYTHON_MEMORY_WARN allows; the next warning comes \
         when it has doubled",
        bytes / MIB
    );
}
