//! What becomes of an attempt, and what is told of it.

use super::*;
use crate::fake::{call, script};
use vh_core::hooks::ON_TIMER;
use vh_host::fake_hub::FakeHub;
use vh_testing::told;

const STACK: &str = "  File \"/there/is/no/such/folder/a.py\", line 7, in OnTimer\n    wait()";

fn attempt(script: &Arc<ScriptInfo>) -> Attempt {
    let slot = crate::slot::of_this_thread();
    Attempt {
        slot,
        call: slot.look().expect("a call runs").call,
        script: Arc::clone(script),
        name: "OnTimer".to_owned(),
        progress: Arc::default(),
        tell: Some(5_250_000_000),
        only_tells: false,
        forces: false,
        sends: true,
    }
}

/// The state in which a result leaves an attempt, and what is logged.
fn done(attempt: &Attempt, result: &AttemptResult) -> (u8, String) {
    let ((), told) = told(|| attempt.done(result));
    (attempt.progress.state.load(Ordering::Acquire), told)
}

fn stack() -> String {
    STACK.to_owned()
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn each_result_leaves_its_state_and_is_told_once_for_each_place() {
    let _hub = FakeHub::begin(|_| false);
    let script = script(1, "a.py", "");
    let _call = call(script.entry_points.hook(ON_TIMER));
    let attempt = attempt(&script);
    assert!(attempt.runs() && attempt.sends() && !attempt.forces() && !attempt.only_tells());
    attempt.reached();
    assert_eq!(attempt.progress.state.load(Ordering::Acquire), HAS_LOCK);
    let slot = crate::slot::of_this_thread();
    assert_eq!((attempt.thread(), attempt.call()), (slot.thread(), slot.look().unwrap().call));
    let line = |what: &str| {
        format!(
            "ERROR OnTimer has been running for 5.2 s, longer than it may: {what}\n{STACK} script=1:a.py\n"
        )
    };
    let (state, told) = done(&attempt, &AttemptResult::InHost(stack()));
    assert_eq!((state, told), (IN_HOST, line("it waits for the hub")));
    assert!(slot.is_first_exception(), "none was sent");
    slot.was_sent(0);
    let (state, told) = done(&attempt, &AttemptResult::Sent(stack()));
    assert_eq!((state, told), (SENT, line("it is interrupted with TimeoutError")));
    assert!(!slot.is_first_exception());
    assert_eq!(done(&attempt, &AttemptResult::Sent(stack())), (SENT, String::new()));
    assert_eq!(done(&attempt, &AttemptResult::InHost(stack())), (IN_HOST, String::new()));
    assert_eq!(done(&attempt, &AttemptResult::Forced), (SENT, String::new()));
    let elsewhere = STACK.replace("line 7", "line 8");
    let (state, told) = done(&attempt, &AttemptResult::Ended(elsewhere));
    assert_eq!(state, GAVE_UP);
    assert!(told.contains("longer than it may: it has just ended; it was here"), "{told}");
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn what_is_left_to_run_is_told_each_time() {
    let _hub = FakeHub::begin(|_| false);
    let script = script(1, "a.py", "");
    let _call = call(script.entry_points.hook(ON_TIMER));
    let mut tells = attempt(&script);
    (tells.only_tells, tells.sends) = (true, false);
    for _ in 0..2 {
        let (state, told) = done(&tells, &AttemptResult::Left(stack()));
        assert_eq!(state, HAS_LOCK);
        assert!(
            told.starts_with("ERROR OnTimer has been running for 5.2 s: the hub waits for it\n")
        );
    }
    assert_eq!(done(&tells, &AttemptResult::Ended(stack())), (HAS_LOCK, String::new()));
    let mut quiet = attempt(&script);
    quiet.tell = None;
    assert_eq!(done(&quiet, &AttemptResult::InHost(stack())), (IN_HOST, String::new()));
    let mut unknown = attempt(&script);
    unknown.name = "other".to_owned();
    for _ in 0..2 {
        assert!(
            done(&unknown, &AttemptResult::InHost(stack())).1.starts_with("ERROR other has been")
        );
    }
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn an_attempt_sees_what_its_call_does() {
    let _hub = FakeHub::begin(|_| false);
    let script = script(1, "a.py", "");
    let running = call(script.entry_points.hook(ON_TIMER));
    let attempt = attempt(&script);
    let slot = crate::slot::of_this_thread();
    let visit = slot.enter_host();
    assert!(attempt.is_in_host());
    drop(visit);
    assert!(!attempt.is_in_host() && crate::slot::forced_for().is_none());
    attempt.force();
    assert!(crate::slot::forced_for().is_some());
    let inner = call(script.entry_points.hook(ON_TIMER));
    assert!(!attempt.runs(), "another call runs inside");
    drop(inner);
    assert!(attempt.runs());
    slot.comes_to_its_end();
    assert!(!attempt.runs());
    drop(running);
    assert!(!attempt.runs());
}

#[test]
fn an_attempt_that_ends_without_a_result_came_to_nothing() {
    for (state, end) in [
        (WAITS_FOR_LOCK, GAVE_UP),
        (HAS_LOCK, GAVE_UP),
        (SENT, SENT),
        (IN_HOST, IN_HOST),
        (GAVE_UP, GAVE_UP),
    ] {
        let progress = Progress::default();
        progress.state.store(state, Ordering::Release);
        progress.end();
        assert_eq!(progress.state.load(Ordering::Acquire), end);
    }
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn an_attempt_that_is_dropped_has_ended() {
    let _hub = FakeHub::begin(|_| false);
    let script = script(1, "a.py", "");
    let _call = call(script.entry_points.hook(ON_TIMER));
    let attempt = attempt(&script);
    let progress = Arc::clone(&attempt.progress);
    drop(attempt);
    assert_eq!(progress.state.load(Ordering::Acquire), GAVE_UP);
}

#[test]
fn a_place_is_the_innermost_line_and_the_one_of_the_script() {
    let own = "  File \"a.py\", line 3, in f\n    g()\n  File \"a.py\", line 9, in g\n    h()";
    assert_eq!(place_of(own, "a.py"), "g of a.py, line 9");
    let other = format!("{own}\n  File \"lib.py\", line 1, in h\n    sleep(1)\n");
    assert_eq!(place_of(&other, "a.py"), "h of lib.py, line 1, called in line 9 of the script");
    assert_eq!(place_of(&other, "b.py"), "h of lib.py, line 1");
    assert_eq!(place_of(" no stack \n", "a.py"), "no stack");
}
