//! How much memory scripts take, estimated. What the process grows by while a script is loaded is counted for
//! that script, and later growth for the calls that ran when it came. CPython does not count memory for each
//! interpreter, and counting every allocation would cost more than it is worth.
//!
//! The process is looked at whenever a call ends that took a millisecond or more, and by the watchdog at
//! every tick. Faster calls share the growth by the time they took. Growth while no call ran comes from the
//! host or from scripts' own threads, and is counted for nobody.

use std::fs::File;
use std::io::Read as _;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::directory;
use super::script::ScriptInfo;
use super::slot::{self, Slot};
use vh_core::config;

const MIB: i64 = 1024 * 1024;

/// What one script takes.
#[derive(Debug)]
pub struct Memory {
    /// See [`Alone`].
    is_alone: AtomicBool,
    at_load: AtomicI64,
    now: AtomicI64,
    /// The log warns when the script takes more than this; 0 is never.
    warn_at: AtomicI64,
    /// How many nanoseconds its calls had taken when the process was last looked at.
    seen_time: AtomicU64,
}

/// The process, when it was last looked at.
struct Last {
    /// Its memory in RAM, in bytes.
    resident: i64,
    /// How many calls had begun, and whether one ran.
    calls: u64,
    ran: bool,
    /// How many scripts are being loaded or unloaded.
    alone: usize,
}

/// Held while growth is shared out, so that none is counted twice. A leaf lock.
static LAST: Mutex<Last> = Mutex::new(Last { resident: 0, calls: 0, ran: false, alone: 0 });

impl Memory {
    /// No memory yet. The environment says from where on the log warns.
    pub fn from_environment() -> Memory {
        let warn_at = config::number("VH_PYTHON_MEMORY_WARN", 0.0) * MIB as f64;
        Memory {
            is_alone: AtomicBool::new(false),
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

    /// It cannot take less than nothing: if it gives back more than it has, the rest was counted for somebody
    /// else.
    fn grow(&self, bytes: i64) {
        self.now.store((self.now() + bytes).max(0), Ordering::Relaxed);
    }
}

/// The memory of the process in RAM, in bytes; 0 when the system does not say.
fn resident() -> i64 {
    if cfg!(miri) {
        // It would be that of the interpreter.
        return 0;
    }
    resident_by("/proc/self/statm").unwrap_or(0)
}

/// The memory of another process in RAM, in bytes; None when there is no such process.
pub fn of_process(pid: i32) -> Option<u64> {
    resident_by(&format!("/proc/{pid}/statm"))?.try_into().ok()
}

/// What the file of a process says.
fn resident_by(path: &str) -> Option<i64> {
    let mut sizes = [0; 256];
    // Opened each time, because hosts may close files that they do not know.
    let read = File::open(path).and_then(|mut file| file.read(&mut sizes)).ok()?;
    let sizes = str::from_utf8(&sizes[..read]).ok()?;
    let pages: i64 = sizes.split(' ').nth(1)?.parse().ok()?;
    // SAFETY: may be asked at any time.
    Some(pages * unsafe { libc::sysconf(libc::_SC_PAGESIZE) })
}

impl Last {
    /// What the process grew by since it was last looked at.
    fn growth(&mut self) -> i64 {
        let resident = resident();
        let growth = resident - self.resident;
        self.resident = resident;
        growth
    }
}

/// A script that is being loaded or unloaded. Meanwhile all growth is counted for it.
#[derive(Debug)]
pub struct Alone<'c>(&'c ScriptInfo);

impl<'c> Alone<'c> {
    /// It begins.
    pub fn start(script: &'c ScriptInfo) -> Alone<'c> {
        let mut last = LAST.lock();
        last.growth();
        last.alone += 1;
        script.memory.is_alone.store(true, Ordering::Relaxed);
        Alone(script)
    }

    /// The script has been loaded.
    pub fn loaded(self) {
        let script = self.0;
        drop(self);
        let memory = &script.memory;
        memory.at_load.store(memory.now(), Ordering::Relaxed);
        warn(script);
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let memory = &self.0.memory;
        let mut last = LAST.lock();
        memory.grow(last.growth());
        memory.is_alone.store(false, Ordering::Relaxed);
        last.alone -= 1;
    }
}

/// Looks at the process and counts its growth for the scripts that ran. The watchdog does so at each tick; it
/// costs a few microseconds when no script ran.
pub fn look() {
    let calls = slot::all().map(Slot::calls).fold(0, u64::wrapping_add);
    if calls == 0 {
        return;
    }
    let runs = slot::all().any(|slot| slot.look().is_some());
    {
        let mut last = LAST.lock();
        let ran = runs || last.ran || last.calls != calls || last.alone > 0;
        (last.calls, last.ran) = (calls, runs);
        if !ran {
            last.growth();
            return;
        }
    }
    let scripts = directory::all();
    let mut shares = shares(&scripts);
    {
        let mut last = LAST.lock();
        if last.alone > 0 {
            let is_alone = |script: &ScriptInfo| script.memory.is_alone.load(Ordering::Relaxed);
            shares = scripts.iter().map(|script| f64::from(is_alone(script))).collect();
        }
        let (growth, all) = (last.growth() as f64, shares.iter().sum::<f64>());
        if growth == 0.0 || all == 0.0 {
            return;
        }
        for (script, share) in scripts.iter().zip(&shares) {
            script.memory.grow((growth * share / all) as i64);
        }
    }
    let grown = scripts.iter().zip(shares).filter(|(_, share)| *share > 0.0);
    grown.for_each(|(script, _)| warn(script));
}

/// Which part of the growth is counted for each script: it is shared by the scripts that run now, because a
/// long call has settled its growth when it ended; if none runs, by those that ran.
fn shares(scripts: &[Arc<ScriptInfo>]) -> Vec<f64> {
    let finished: Vec<_> = scripts.iter().map(|script| time_since_last(script) as f64).collect();
    let seen: Vec<_> = slot::all().filter_map(Slot::look).collect();
    let runs = |script: &ScriptInfo| {
        let is_own = |entry_point| script.entry_points.each().any(|own| ptr::eq(own, entry_point));
        seen.iter().filter(|seen| is_own(seen.entry_point)).count() as f64
    };
    let running: Vec<_> = scripts.iter().map(|script| runs(script)).collect();
    if running.iter().sum::<f64>() > 0.0 { running } else { finished }
}

/// How long the calls of the script took that have ended since the last look.
fn time_since_last(script: &ScriptInfo) -> u64 {
    let time: u64 = script.entry_points.each().map(|entry_point| entry_point.row().total()).sum();
    time.saturating_sub(script.memory.seen_time.swap(time, Ordering::Relaxed))
}

/// Counts growth for the script when a call of it has ended that was so long that a look at the process costs
/// little beside it.
#[cold]
pub fn attribute_growth(script: &ScriptInfo) {
    {
        let mut last = LAST.lock();
        if last.alone > 0 {
            return;
        }
        script.memory.grow(last.growth());
    }
    warn(script);
}

/// Warns when a script takes too much, and again each time that it takes twice as much.
fn warn(script: &ScriptInfo) {
    let memory = &script.memory;
    let (bytes, limit) = (memory.now(), memory.warn_at.load(Ordering::Relaxed));
    if limit == 0 || bytes <= limit {
        return;
    }
    memory.warn_at.store(bytes * 2, Ordering::Relaxed);
    tracing::warn!(
        script = %script.label,
        "takes about {} MiB of memory, more than VH_PYTHON_MEMORY_WARN allows; the next warning comes \
         when it has doubled",
        bytes / MIB
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{call, script};
    use vh_host::fake_hub::FakeHub;
    use vh_testing::{told, with_variable};

    /// So much the process seems to have grown by. What tests take themselves is far less.
    const GROWTH: i64 = 1024 * MIB;

    /// From now on the process seems to have grown since it was last looked at.
    fn grow() {
        let mut last = LAST.lock();
        last.resident = resident() - GROWTH;
        (last.alone, last.calls, last.ran) = (0, 0, false);
    }

    fn is_all(bytes: i64) -> bool {
        (bytes - GROWTH).abs() < GROWTH / 4
    }

    #[test]
    #[cfg_attr(miri, ignore = "it would be that of the interpreter")]
    fn a_process_takes_memory() {
        let own = of_process(std::process::id().try_into().unwrap()).unwrap();
        assert!((1 << 20..1 << 34).contains(&own), "{own}");
        assert_eq!(of_process(-1), None);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn the_process_has_whole_pages() {
        let bytes = resident();
        assert!(bytes > MIB / 4 && bytes % 4096 == 0, "{bytes}");
    }

    #[test]
    fn a_script_takes_nothing_at_least() {
        let _hub = FakeHub::begin(|_| false);
        let memory = Memory::from_environment();
        memory.grow(7);
        memory.grow(5);
        assert_eq!((memory.now(), memory.at_load()), (12, 0));
        memory.grow(-13);
        memory.grow(1);
        assert_eq!(memory.now(), 1);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn while_a_script_is_alone_all_growth_is_its_own() {
        let _hub = FakeHub::begin(|_| false);
        let [alone, other] = [1, 2].map(|id| script(id, "a.py", ""));
        slow_call(&other);
        grow_without_calls(false);
        let loading = Alone::start(&alone);
        assert!(alone.memory.is_alone.load(Ordering::Relaxed));
        assert_eq!(alone.memory.now(), 0, "what came before is not its own");
        LAST.lock().resident -= GROWTH;
        attribute_growth(&other);
        look();
        assert!(is_all(alone.memory.now()), "{}", alone.memory.now());
        assert_eq!((alone.memory.at_load(), other.memory.now()), (0, 0));
        LAST.lock().resident -= GROWTH;
        loading.loaded();
        assert!(is_all(alone.memory.at_load() - GROWTH), "{}", alone.memory.at_load());
        assert_eq!((LAST.lock().alone, alone.memory.at_load()), (0, alone.memory.now()));
        assert!(!alone.memory.is_alone.load(Ordering::Relaxed));
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn a_long_call_settles_its_growth() {
        let _hub = FakeHub::begin(|_| false);
        let [script, other] = [1, 2].map(|id| script(id, "a.py", ""));
        grow();
        attribute_growth(&script);
        attribute_growth(&other);
        assert!(is_all(script.memory.now()), "{}", script.memory.now());
        assert!(other.memory.now() < GROWTH / 4, "it is not counted twice");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn growth_is_shared_by_the_calls_that_run() {
        let _hub = FakeHub::begin(|_| false);
        let [runs, idle] = [1, 2].map(|id| script(id, "a.py", ""));
        slow_call(&idle);
        let running = call(runs.entry_points.hook(0));
        grow();
        look();
        assert!(is_all(runs.memory.now()), "{}", runs.memory.now());
        assert_eq!(idle.memory.now(), 0);
        drop(running);
    }

    fn slow_call(script: &ScriptInfo) {
        let running = call(script.entry_points.hook(0));
        std::thread::sleep(std::time::Duration::from_millis(3));
        // Its end would look at the process.
        LAST.lock().alone += 1;
        drop(running);
        LAST.lock().alone -= 1;
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn when_none_runs_growth_is_shared_by_the_time_of_calls() {
        let _hub = FakeHub::begin(|_| false);
        let [slow, fast] = [1, 2].map(|id| script(id, "a.py", ""));
        slow_call(&slow);
        let point = fast.entry_points.hook(0);
        drop(call(point));
        let total = |script: &ScriptInfo| script.entry_points.hook(0).row().total() as f64;
        let share = total(&fast) / (total(&fast) + total(&slow));
        grow();
        look();
        let counted = fast.memory.now() as f64 / (fast.memory.now() + slow.memory.now()) as f64;
        assert!((counted - share).abs() < 0.001, "{counted} and not {share}");
        assert!(is_all(slow.memory.now() + fast.memory.now()));
        let before = slow.memory.now();
        grow();
        look();
        assert_eq!(slow.memory.now(), before, "none was called since: it is the host's own");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn growth_while_nothing_ran_is_nobodys() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        slow_call(&script);
        grow_without_calls(false);
        look();
        assert_eq!(script.memory.now(), 0);
        assert!(LAST.lock().resident > resident() - GROWTH / 2, "it is not counted later");
    }

    /// As `grow`, when no call has begun since the process was last looked at.
    fn grow_without_calls(ran: bool) {
        grow();
        let calls = slot::all().map(Slot::calls).fold(0, u64::wrapping_add);
        let mut last = LAST.lock();
        (last.calls, last.ran) = (calls, ran);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn a_call_that_began_long_ago_is_counted_until_it_has_ended() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let running = call(script.entry_points.hook(0));
        grow_without_calls(false);
        look();
        assert!(is_all(script.memory.now()), "{}", script.memory.now());
        drop(running);
        slow_call(&script);
        grow_without_calls(true);
        look();
        assert!(is_all(script.memory.now() - GROWTH), "it ran since the last look");
        slow_call(&script);
        grow_without_calls(false);
        look();
        assert!(is_all(script.memory.now() - GROWTH), "it did not run");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn the_log_warns_and_again_when_it_has_doubled() {
        let _hub = FakeHub::begin(|_| false);
        let warned = || with_variable("VH_PYTHON_MEMORY_WARN", "1.5", || script(1, "a.py", ""));
        let warned = warned();
        assert_eq!(warned.memory.warn_at.load(Ordering::Relaxed), MIB + MIB / 2);
        let told = |bytes| {
            warned.memory.now.store(bytes, Ordering::Relaxed);
            told(|| warn(&warned)).1
        };
        assert_eq!(told(MIB + MIB / 2), "");
        assert!(told(2 * MIB).starts_with("WARN takes about 2 MiB of memory"));
        assert_eq!(told(4 * MIB), "");
        assert!(told(4 * MIB + 1).starts_with("WARN takes about 4 MiB"));
        let never = script(2, "b.py", "");
        never.memory.now.store(GROWTH, Ordering::Relaxed);
        assert_eq!(vh_testing::told(|| warn(&never)).1, "");
        grow();
        assert!(vh_testing::told(|| attribute_growth(&warned)).1.contains("WARN takes about"));
        let load = || {
            let loading = Alone::start(&warned);
            warned.memory.now.store(GROWTH * 100, Ordering::Relaxed);
            loading.loaded();
        };
        assert!(vh_testing::told(load).1.contains("WARN takes about"));
        let running = call(warned.entry_points.hook(0));
        warned.memory.now.store(GROWTH * 1000, Ordering::Relaxed);
        grow();
        assert!(vh_testing::told(look).1.contains("WARN takes about"));
        drop(running);
    }
}
