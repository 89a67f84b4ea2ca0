//! What is shown, and what the host's sink gets. The log is one for the process, so these tests come one
//! after the other.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::Level;

use super::*;

/// Held by each test that uses the log of the process, or its standard output, also by what its threads log.
pub static ONE: Mutex<()> = Mutex::new(());

/// A sink that keeps what it gets, and waits while it is held up.
#[derive(Default, Debug)]
struct Kept {
    records: Mutex<Vec<(i32, i32, String)>>,
    is_held_up: Mutex<bool>,
    released: Condvar,
    throws: AtomicBool,
    panics: AtomicBool,
}

impl Sink for Kept {
    fn take(&self, level: i32, script: i32, text: &str) -> Result<(), String> {
        let mut is_held_up = self.is_held_up.lock();
        while *is_held_up {
            self.released.wait(&mut is_held_up);
        }
        drop(is_held_up);
        self.records.lock().push((level, script, text.to_owned()));
        assert!(!self.panics.load(Ordering::Relaxed), "the sink panics");
        if self.throws.load(Ordering::Relaxed) { Err("it throws".to_owned()) } else { Ok(()) }
    }
}

/// A sink that is in use until this is dropped.
struct Set(Arc<Kept>);

impl std::ops::Deref for Set {
    type Target = Kept;

    fn deref(&self) -> &Kept {
        &self.0
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        self.release();
        set_sink(None);
    }
}

impl Kept {
    /// A sink that is in use.
    fn set() -> Set {
        install();
        let kept = Arc::new(Kept::default());
        set_sink(Some(kept.clone()));
        Set(kept)
    }

    fn hold_up(&self) {
        *self.is_held_up.lock() = true;
    }

    fn release(&self) {
        *self.is_held_up.lock() = false;
        self.released.notify_all();
    }

    /// Takes what has been delivered of these tests.
    fn records(&self) -> Vec<(i32, i32, String)> {
        flush();
        let mut records = std::mem::take(&mut *self.records.lock());
        // Other tests of this process may log too.
        records.retain(|(_, _, text)| text.contains("own ") || text.contains("dropped"));
        records
    }
}

/// Logs a record of each level, of the library and of a script; the levels that were delivered, and the
/// numbers that they have for hosts.
fn shown(kept: &Kept) -> String {
    macro_rules! each {
        ($($level:ident),*) => {$(
            tracing::event!(Level::$level, "own {}", stringify!($level));
            tracing::event!(target: "script", Level::$level, script = "7:a.py", "own s{}", stringify!($level));
        )*};
    }
    each!(ERROR, WARN, INFO, DEBUG, TRACE);
    let records = kept.records();
    let names = records.iter().map(|(level, script, text)| {
        let name = text.strip_prefix("own ").unwrap();
        assert_eq!(*script, if name.starts_with('s') { 7 } else { -1 }, "{name}");
        format!("{name}:{level}")
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_level_shows_what_it_says_and_more_of_scripts() {
    let _one = ONE.lock();
    let kept = Kept::set();
    let levels = [
        "ERROR:0 sERROR:0 sWARN:0",
        "ERROR:0 sERROR:0 WARN:1 sWARN:0 sINFO:1",
        "ERROR:0 sERROR:0 WARN:1 sWARN:0 INFO:2 sINFO:1 DEBUG:2 sDEBUG:2",
        "ERROR:0 sERROR:0 WARN:1 sWARN:0 INFO:2 sINFO:1 DEBUG:2 sDEBUG:2 TRACE:3 sTRACE:3",
    ];
    for (level, expected) in (0..).zip(levels) {
        set_level(level);
        assert_eq!(shown(&kept), expected, "{level}");
    }
    set_level(100);
    assert_eq!(shown(&kept), levels[3]);
    set_level(-1);
    assert_eq!(shown(&kept), levels[0]);
    set_level(1);
}

#[test]
fn a_record_has_its_script_and_its_message_and_nothing_else() {
    let _one = ONE.lock();
    let kept = Kept::set();
    tracing::error!(script = "12:a\nb.py", other = 5, "own {}\nline", "first");
    tracing::error!(script = %"no number", "own second");
    let records = kept.records();
    let own = [(0, 12, "own first\n    line".to_owned()), (0, -1, "own second".to_owned())];
    assert_eq!(records, own);
}

#[test]
fn a_sink_that_is_too_slow_loses_the_oldest_records() {
    let _one = ONE.lock();
    let kept = Kept::set();
    kept.hold_up();
    let post = |text: String| {
        let record = Record { level: 0, script: String::new(), message: text };
        assert!(delivery::post(record).is_ok());
    };
    post("own first".to_owned());
    wait_until(|| delivery::waiting() == 0);
    for number in 0..delivery::MAX_RECORDS + 3 {
        post(format!("own {number}"));
    }
    assert_eq!(delivery::waiting(), delivery::MAX_RECORDS);
    kept.release();
    let records = kept.records();
    let texts: Vec<_> = records.iter().map(|(_, _, text)| text.as_str()).collect();
    let dropped = "3 records of the log were dropped, because the host's log sink is too slow";
    assert_eq!(texts[..3], ["own first", dropped, "own 3"]);
    assert_eq!(texts.len(), delivery::MAX_RECORDS + 2);
}

#[test]
fn long_records_that_wait_are_dropped_too_but_never_the_last() {
    let _one = ONE.lock();
    let kept = Kept::set();
    kept.hold_up();
    let post = |name: &str, length: usize| {
        let message = format!("own {name} {}", "x".repeat(length));
        assert!(delivery::post(Record { level: 0, script: String::new(), message }).is_ok());
    };
    post("first", 1);
    wait_until(|| delivery::waiting() == 0);
    for name in ["a", "b", "c"] {
        post(name, delivery::MAX_BYTES / 2);
    }
    assert_eq!(delivery::waiting(), 1, "two together are too long");
    post("d", delivery::MAX_BYTES * 2);
    kept.release();
    let records = kept.records();
    let names: Vec<_> = records.iter().filter_map(|(_, _, text)| text.split(' ').nth(1)).collect();
    assert_eq!(names, ["first", "records", "d"]);
    assert!(records[1].2.starts_with("3 records"));
    // What was dropped takes no room any more.
    kept.hold_up();
    post("e", 1);
    wait_until(|| delivery::waiting() == 0);
    post("f", delivery::MAX_BYTES / 3);
    post("g", delivery::MAX_BYTES / 3);
    assert_eq!(delivery::waiting(), 2);
    kept.release();
    assert_eq!(kept.records().len(), 3);
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
}

#[test]
fn a_sink_gets_all_that_came_before_it_is_changed() {
    let _one = ONE.lock();
    let first = Kept::set();
    tracing::error!("own 1");
    let second = Arc::new(Kept::default());
    set_sink(Some(second.clone()));
    tracing::error!("own 2");
    set_sink(None);
    let texts = |kept: &Kept| {
        kept.records().into_iter().map(|(_, _, text)| text).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((texts(&first), texts(&second)), ("own 1".to_owned(), "own 2".to_owned()));
    // The thread that called it gives it back.
    wait_until(|| Arc::strong_count(&second) == 1);
    let record = Record { level: 0, script: String::new(), message: "own 3".to_owned() };
    assert!(delivery::post(record).is_err(), "there is none");
    // Another one begins.
    let third = Kept::set();
    tracing::error!("own 4");
    assert_eq!(texts(&third), "own 4");
}

#[test]
fn a_sink_that_throws_or_panics_gets_the_next_record_all_the_same() {
    let _one = ONE.lock();
    let kept = Kept::set();
    for fails in [&kept.throws, &kept.panics] {
        fails.store(true, Ordering::Relaxed);
        tracing::error!("own 1");
        tracing::error!("own 2");
        assert_eq!(kept.records().len(), 2);
        fails.store(false, Ordering::Relaxed);
        tracing::error!("own 3");
        assert_eq!(kept.records().len(), 1);
    }
}

/// A sink that logs, sets another sink and flushes.
#[derive(Debug)]
struct Busy(Arc<Kept>);

impl Sink for Busy {
    fn take(&self, level: i32, script: i32, text: &str) -> Result<(), String> {
        tracing::error!("own record of the sink, which is printed");
        flush();
        self.0.take(level, script, text)?;
        set_sink(None);
        Ok(())
    }
}

#[test]
fn a_sink_may_log_and_take_itself_away() {
    let _one = ONE.lock();
    install();
    let kept = Arc::new(Kept::default());
    set_sink(Some(Arc::new(Busy(kept.clone()))));
    tracing::error!("own 1");
    wait_until(|| Arc::strong_count(&kept) == 1);
    assert_eq!(kept.records().len(), 1);
    // What it was taking when it went is counted once: the next one is still waited for.
    let next = Kept::set();
    for _ in 0..50 {
        tracing::error!("own 2");
        assert_eq!(next.records().len(), 1);
    }
}

#[test]
fn a_filter_decides_for_the_parts_that_it_names() {
    let filter = |text| parse_filter(text).0.unwrap();
    let named = filter("script=off,vh_python_wrapper::python=debug");
    assert!(names(&named, "script") && names(&named, "vh_cpython::call"));
    assert!(!names(&named, "vh_guard"));
    assert!(names(&filter("warn"), "vh_guard"), "it is for all");
    let rest = filter("vh_python_wrapper::hub=info");
    assert!(names(&rest, "vh_host::hub") && !names(&rest, "vh_host::sql"));
    let inner = filter("vh_python_wrapper::guard::memory=info");
    assert!(names(&inner, "vh_guard::memory") && !names(&inner, "vh_guard"));
    assert!(is_name("script") && is_name("vh_python_wrapper") && is_name("vh_python_wrapper::a_b"));
    assert!(
        !is_name("scripts")
            && !is_name("vh_python_wrapper:a")
            && !is_name("vh_python_wrapper::a b")
    );
}

#[test]
fn what_is_not_understood_in_a_filter_is_told() {
    let strange = |text| parse_filter(text).1;
    for text in ["", " ", "debug", "script=off", "script", "vh_python_wrapper::python=TRACE, warn,"]
    {
        assert!(strange(text).is_empty(), "{text}");
    }
    for text in
        ["bogus=", "script[x]=debug", "script=", "script=loud", "=debug", "hub=info", "loud"]
    {
        let (filter, strange) = parse_filter(text);
        assert_eq!((filter.is_none(), &strange[..]), (true, &[text][..]));
    }
    let (filter, strange) = parse_filter("script=info,bogus=,vh_python_wrapperx=off");
    assert_eq!(strange, ["bogus=", "vh_python_wrapperx=off"]);
    assert_eq!(filter, Some(Targets::new().with_target("script", LevelFilter::INFO)));
}

#[test]
fn a_part_is_named_without_its_crate() {
    let targets = |text| {
        let filter = parse_filter(text).0.unwrap();
        let mut names: Vec<_> = filter.iter().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names.join(" ")
    };
    let all = "vh_core vh_cpython vh_guard vh_host vh_python_wrapper vh_scripts";
    assert_eq!(targets("vh_python_wrapper=info"), all);
    assert_eq!(targets("vh_python_wrapper::python=info"), "vh_cpython");
    assert_eq!(targets("vh_python_wrapper::guard::memory=info"), "vh_guard::memory");
    let rest = "vh_core::hub vh_host::hub vh_python_wrapper::hub";
    assert_eq!(targets("vh_python_wrapper::hub=info"), rest);
    assert!(!targets("vh_python_wrapper::pythons=info").contains("vh_cpython"));
}
