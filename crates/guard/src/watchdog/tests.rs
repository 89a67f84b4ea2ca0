//! Calls that go past their deadline, and how they are pursued. Interpreters are played: what is tried, they
//! only tell.

use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::mpsc::Receiver;

use super::attempt::{GAVE_UP, HAS_LOCK, IN_HOST, SENT, WAITS_FOR_LOCK, seconds};
use super::*;
use crate::fake::{call, script};
use crate::interrupt::Interrupt;
use crate::slot::Seen;
use vh_core::hooks::ON_TIMER;
use vh_core::runtime::Runtime;
use vh_host::fake_hub::FakeHub;
use vh_testing::told;

const SECOND: u64 = 1_000_000_000;

/// What an attempt was to do.
#[derive(PartialEq, Eq, Debug)]
struct Tried {
    /// Whether it only tells, looks at the steps of the call, and sends the exception.
    what: [bool; 3],
    tells: Option<u64>,
}

/// An interpreter that is played. It leaves each attempt in this state.
#[derive(Debug)]
struct Place {
    tried: Mutex<mpsc::Sender<Tried>>,
    becomes: AtomicU32,
}

impl Interrupt for Place {
    fn interrupt(self: Arc<Self>, attempt: &Attempt) {
        let state = self.becomes.load(Ordering::Acquire) as u8;
        attempt.progress.state.store(state, Ordering::Release);
        let what = [attempt.only_tells(), attempt.forces(), attempt.sends()];
        let _ = self.tried.lock().send(Tried { what, tells: attempt.tell });
    }
}

/// A script that runs in a place that is played.
struct Stage {
    script: Arc<ScriptInfo>,
    place: Arc<Place>,
    tried: Receiver<Tried>,
    teller: Sender<Warning>,
    warnings: Receiver<Warning>,
    _hub: FakeHub,
}

impl Stage {
    fn new(source: &str) -> Stage {
        let hub = FakeHub::begin(|_| false);
        let (send, tried) = mpsc::channel();
        let becomes = AtomicU32::new(u32::from(SENT));
        let place = Arc::new(Place { tried: Mutex::new(send), becomes });
        let script = script(1, "a.py", source);
        let interrupt: Arc<dyn Interrupt> = place.clone();
        script.moves_in(Runtime::Sub, Arc::downgrade(&interrupt), 0);
        let (teller, warnings) = mpsc::channel();
        Stage { script, place, tried, teller, warnings, _hub: hub }
    }

    fn becomes(&self, state: u8) {
        self.place.becomes.store(u32::from(state), Ordering::Release);
    }

    /// What the attempt is to do that was just begun.
    fn tried(&self) -> Tried {
        self.tried.recv_timeout(Duration::from_secs(60)).expect("something is tried")
    }

    /// Waits until the attempt of this pursuit has ended in this state.
    fn settles(&self, pursuit: &Pursuit, state: u8) {
        let start = Instant::now();
        while pursuit.state() != state || !pursuit.is_tried() {
            assert!(start.elapsed() < Duration::from_secs(60), "{}", pursuit.state());
            std::thread::yield_now();
        }
    }

    fn pursue(&self, seen: &Seen, time: u64, is_late: bool) -> Pursuit {
        Pursuit::start(seen, time, is_late, &self.teller).unwrap()
    }

    /// What was warned of, without the time.
    fn warned(&self) -> Option<String> {
        let warning = self.warnings.try_recv().ok()?;
        assert_eq!(warning.script.serial, self.script.serial);
        let (begin, reason) = warning.text.split_once(": ").unwrap();
        assert!(begin.starts_with("OnTimer has been running for "), "{begin}");
        Some(reason.to_owned())
    }
}

fn seen() -> Seen {
    slot::of_this_thread().look().expect("a call runs")
}

const MS: u64 = 1_000_000;
const SENDS: [bool; 3] = [false, false, true];
const FORCES: [bool; 3] = [false, true, false];
const BOTH: [bool; 3] = [false, true, true];

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_late_call_is_sent_the_exception_again_and_again() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    let seen = seen();
    let mut pursuit = stage.pursue(&seen, 5 * SECOND, true);
    assert_eq!(stage.tried(), Tried { what: SENDS, tells: Some(5 * SECOND) });
    assert!(slot::of_this_thread().is_late() && pursuit.is_of(&seen) && pursuit.runs());
    let mut time = 5 * SECOND;
    // The first looks come every 100 ms: its steps are looked at, then it has time, then it is sent again.
    for tried in [Some(FORCES), None, Some(BOTH)] {
        stage.settles(&pursuit, SENT);
        pursuit.look(time + 99 * MS, true, &stage.teller);
        assert!(stage.tried.try_recv().is_err(), "it is too early");
        time += 100 * MS;
        pursuit.look(time, true, &stage.teller);
        if let Some(what) = tried {
            assert_eq!(stage.tried(), Tried { what, tells: None });
        }
        assert_eq!(stage.warned(), None);
    }
    // From then on each look is told, and comes after twice the time.
    for wait in [200, 400, 800, 1600] {
        stage.settles(&pursuit, SENT);
        pursuit.look(time + wait * MS - 1, true, &stage.teller);
        assert!(stage.tried.try_recv().is_err() && stage.warned().is_none());
        time += wait * MS;
        pursuit.look(time, true, &stage.teller);
        assert_eq!(stage.tried().what, BOTH);
        assert!(stage.warned().unwrap().starts_with("it has not taken the TimeoutError"));
    }
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_time_between_two_looks_has_an_end() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    let mut pursuit = stage.pursue(&seen(), 0, true);
    let mut last = 0;
    for number in 1..20 {
        stage.settles(&pursuit, SENT);
        let time = last + 60 * SECOND;
        pursuit.look(time, true, &stage.teller);
        assert_eq!(stage.warned().is_some(), number > 3, "{number}");
        last = time;
    }
    pursuit.look(last + 59 * SECOND, true, &stage.teller);
    assert_eq!(stage.warned(), None);
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn an_attempt_that_came_to_nothing_counts_as_not_made() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    stage.becomes(GAVE_UP);
    let mut pursuit = stage.pursue(&seen(), 0, true);
    assert_eq!(stage.tried().what, SENDS);
    for look in 1..10 {
        stage.settles(&pursuit, GAVE_UP);
        pursuit.look(look * SECOND, true, &stage.teller);
        assert_eq!(stage.tried().what, SENDS, "as if it was the first");
    }
    stage.settles(&pursuit, GAVE_UP);
    pursuit.look(10 * SECOND, true, &stage.teller);
    stage.tried();
    stage.settles(&pursuit, GAVE_UP);
    // It has the lock and has not ended.
    pursuit.set_state(HAS_LOCK);
    for look in 11..20 {
        pursuit.look(look * SECOND, true, &stage.teller);
        pursuit.set_state(HAS_LOCK);
    }
    assert!(stage.tried.try_recv().is_err() && stage.warned().is_none());
    pursuit.set_state(SENT);
    pursuit.look(20 * SECOND, true, &stage.teller);
    assert_eq!(stage.tried().what, FORCES, "it is the first look after the exception");
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_call_in_a_function_of_the_hub_is_told_and_tried_again() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    stage.becomes(IN_HOST);
    let mut pursuit = stage.pursue(&seen(), 0, true);
    stage.tried();
    for look in 1..6 {
        stage.settles(&pursuit, IN_HOST);
        pursuit.look(look * 10 * SECOND, true, &stage.teller);
        stage.tried();
        let told = stage
            .warned()
            .is_some_and(|told| told.starts_with("it waits for a function of the hub"));
        assert_eq!(told, look > 3, "{look}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn an_attempt_that_waits_for_the_lock_is_told_when_the_call_had_time_to_give_it() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    let mut pursuit = stage.pursue(&seen(), 0, true);
    stage.tried();
    stage.settles(&pursuit, SENT);
    // The thread that makes the attempt has not run yet.
    pursuit.set_state(WAITS_FOR_LOCK);
    pursuit.set_thread(0);
    for look in 1..10 {
        pursuit.look(look * SECOND, true, &stage.teller);
    }
    assert_eq!(stage.warned(), None);
    pursuit.set_thread(-1);
    // This thread, on which the call runs, takes its turn.
    let start = Instant::now();
    while !pursuit.had_its_turn() {
        assert!(start.elapsed() < Duration::from_secs(60));
    }
    pursuit.set_thread(0);
    assert!(!pursuit.had_its_turn(), "the attempt has not begun");
    pursuit.set_thread(-1);
    let mut warned = Vec::new();
    for look in 10..15 {
        pursuit.look(look * 60 * SECOND, true, &stage.teller);
        warned.push(stage.warned().is_some_and(|told| told.starts_with("native code")));
    }
    assert_eq!(warned, [false, true, false, true, true]);
    assert!(stage.tried.try_recv().is_err(), "one attempt waits already");
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_call_that_only_waits_for_the_hub_is_told_and_not_interrupted() {
    let stage = Stage::new("");
    let _call = call(stage.script.entry_points.hook(ON_TIMER));
    let slot = slot::of_this_thread();
    let visit = slot.visit_host();
    let mut pursuit = stage.pursue(&seen(), 5 * SECOND, false);
    assert_eq!(stage.tried(), Tried { what: [false; 3], tells: Some(5 * SECOND) });
    assert!(!slot.is_late());
    for look in 1..6 {
        pursuit.look((look + 1) * 60 * SECOND, false, &stage.teller);
        assert_eq!(stage.warned().is_some(), look > 3, "{look}");
    }
    drop(visit);
    pursuit.look(1000 * SECOND, false, &stage.teller);
    assert_eq!(stage.warned(), None, "it is back in its own code, and not late");
    pursuit.look(1000 * SECOND, true, &stage.teller);
    assert_eq!(stage.tried(), Tried { what: SENDS, tells: Some(1000 * SECOND) });
    assert!(slot.is_late(), "now it is");
    stage.settles(&pursuit, SENT);
    pursuit.look(1000 * SECOND + 99 * MS, true, &stage.teller);
    assert!(stage.tried.try_recv().is_err());
    pursuit.look(1000 * SECOND + 100 * MS, true, &stage.teller);
    assert_eq!(stage.tried().what, FORCES);
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_call_without_a_deadline_is_told_at_growing_intervals() {
    let stage = Stage::new("");
    let point = stage.script.entry_points.hook(ON_TIMER);
    let slot = slot::of_this_thread();
    slot.begin(point, slot::TOLD_ONLY, 0);
    let mut pursuit = stage.pursue(&seen(), 5 * SECOND, false);
    let tells = |time| Tried { what: [true, false, false], tells: Some(time) };
    assert_eq!(stage.tried(), tells(5 * SECOND));
    let mut time = 5 * SECOND;
    for wait in [5, 10, 20, 40, 60, 60] {
        pursuit.look(time + wait * SECOND - 1, true, &stage.teller);
        assert!(stage.tried.try_recv().is_err(), "{wait}");
        time += wait * SECOND;
        pursuit.look(time, true, &stage.teller);
        assert_eq!(stage.tried(), tells(time));
    }
    assert!(!slot.is_late() && stage.warned().is_none());
    slot.end(None, 0);
    assert!(!pursuit.runs());
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_call_that_has_just_ended_is_not_pursued() {
    let stage = Stage::new("");
    let running = call(stage.script.entry_points.hook(ON_TIMER));
    let seen = seen();
    let pursuit = stage.pursue(&seen, 0, true);
    assert!(pursuit.is_of(&seen) && !pursuit.is_of(&Seen { call: seen.call + 1, ..seen }));
    drop(running);
    assert!(!pursuit.runs());
    assert!(Pursuit::start(&seen, 0, true, &stage.teller).is_none());
    let gone = Seen { entry_point: std::ptr::null(), ..seen };
    assert!(Pursuit::start(&gone, 0, true, &stage.teller).is_none());
    assert!((seconds(1_500_000_000) - 1.5).abs() < 1e-9);
}

/// Runs a call until it is tried to interrupt it; what was tried.
fn watched(stage: &Stage, limit: u64, in_host: bool) -> Tried {
    start();
    let slot = slot::of_this_thread();
    let began = clock::ticking().saturating_sub(3600 * SECOND);
    slot.begin(stage.script.entry_points.hook(ON_TIMER), limit, began);
    let visit = in_host.then(|| slot.visit_host());
    let tried = stage.tried();
    drop(visit);
    slot.end(None, clock::ticking());
    stop();
    tried
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_watchdog_finds_calls_past_their_deadline() {
    let stage = Stage::new("");
    let tried = watched(&stage, SECOND, false);
    assert!(
        tried.what == SENDS && tried.tells.is_some_and(|time| time >= 3600 * SECOND),
        "{tried:?}"
    );
    let tried = watched(&stage, slot::TOLD_ONLY, false);
    assert_eq!(tried.what, [true, false, false]);
    assert!(THREAD.lock().is_none(), "it has ended");
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_watchdog_leaves_other_calls_alone() {
    let stage = Stage::new("");
    start();
    let slot = slot::of_this_thread();
    let point = stage.script.entry_points.hook(ON_TIMER);
    slot.begin(point, 0, 1);
    // It may take for ever; the one inside of it has time enough.
    let outer = slot.begin(point, 36_000 * SECOND, clock::ticking());
    let ticks = clock::ticking();
    let waits = Instant::now();
    while clock::ticking() < ticks + 5 * clock::TICK.as_nanos() as u64 {
        assert!(waits.elapsed() < Duration::from_secs(60), "the clock is set");
        std::thread::yield_now();
    }
    slot.end(outer, clock::ticking());
    let ticks = clock::ticking();
    while clock::ticking() == ticks {
        std::thread::yield_now();
    }
    let ticks = clock::ticking();
    while clock::ticking() == ticks {
        std::thread::yield_now();
    }
    slot.end(None, clock::ticking());
    stop();
    assert!(stage.tried.try_recv().is_err() && !slot.is_late());
}

#[test]
fn warnings_are_told_until_the_watchdog_ends() {
    let stage = Stage::new("");
    let warning = Warning { script: Arc::clone(&stage.script), text: "it takes long".to_owned() };
    stage.teller.send(warning).unwrap();
    let Stage { teller, warnings, .. } = stage;
    drop(teller);
    let ((), told) = told(|| tell_and_do_chores(&warnings));
    assert!(told.contains("ERROR it takes long script=1:a.py"), "{told}");
}

#[test]
#[cfg_attr(miri, ignore = "its clocks begin at 0")]
fn once_a_second_is_told_what_was_dropped_and_came_again() {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    let stage = Stage::new("");
    BEGUN.store(clock::tick(), Ordering::Relaxed);
    stage.script.output.admit(crate::output::Kind::Output, usize::MAX / 2, 0, 0);
    let ((), told) = told(do_chores);
    assert!(told.contains("bytes that it wrote were dropped script=1:a.py"), "{told}");
}
