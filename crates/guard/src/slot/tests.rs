//! Calls that begin, run inside each other, go past their deadline and end.

use super::*;
use crate::fake::script;
use vh_core::hooks::ON_TIMER;
use vh_host::fake_hub::FakeHub;

/// Runs a test with an entry point on a thread that never had a slot, so that its calls are those that the
/// test makes.
fn on_a_thread(test: impl FnOnce(&EntryPoint) + Send) {
    let _hub = FakeHub::begin(|_| false);
    let script = script(1, "a.py", "");
    let run = || {
        test(script.entry_points.hook(ON_TIMER));
        thread_ends();
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap());
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn a_thread_has_a_slot_until_it_ends() {
    on_a_thread(|_| {
        assert!(in_script().is_none() && forced_for().is_none());
        let slot = of_this_thread();
        assert!(ptr::eq(slot, of_this_thread()));
        assert!(all().any(|known| ptr::eq(known, slot)));
        // SAFETY: always allowed.
        let own = unsafe { (libc::pthread_self(), libc::gettid()) };
        assert_eq!((slot.thread(), slot.kernel_thread()), own);
        thread_ends();
        assert_eq!(slot.kernel_thread(), 0);
        let next = of_this_thread();
        assert_eq!(next.kernel_thread(), own.1);
    });
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn who_looks_sees_the_innermost_call() {
    on_a_thread(|point| {
        let slot = of_this_thread();
        let before = slot.calls();
        assert!(slot.look().is_none());
        assert!(slot.begin(point, 5, 100).is_none());
        let first = slot.look().unwrap();
        assert_eq!((first.call, first.started, first.limit), (before + 1, 100, 5));
        assert!(ptr::eq(first.entry_point, point) && !first.is_in_host);
        assert!(slot.runs(first.call) && !slot.runs(first.call + 1));
        let visit = slot.visit_host();
        let seen = slot.look().unwrap();
        assert_eq!((seen.is_in_host, seen.host_call), (true, first.host_call + 1));
        assert!(in_script().is_none());
        // The hub calls a script again.
        let outer = slot.begin(point, TOLD_ONLY, 200);
        let second = slot.look().unwrap();
        assert_eq!((second.call, second.limit, second.is_in_host), (before + 2, TOLD_ONLY, false));
        assert!(slot.is_told_only() && in_script().is_some());
        assert!(slot.has_not_ended(first.call) && slot.has_not_ended(second.call));
        assert!(!slot.is_over(first.call) && !slot.has_not_ended(second.call + 1));
        assert!(!slot.end(outer, clock::ticking()));
        let again = slot.look().unwrap();
        assert_eq!((again.call, again.limit, again.is_in_host), (first.call, 5, true));
        assert!(!slot.is_told_only() && slot.is_over(second.call) && slot.calls() == before + 2);
        drop(visit);
        assert!(in_script().is_some() && !slot.is_in_host());
        drop(slot.enter_host());
        assert_eq!(slot.vh_calls(), first.host_call + 1);
        assert!(!slot.end(None, 100));
        assert!(slot.look().is_none() && slot.is_over(first.call) && in_script().is_none());
        assert!(!slot.has_not_ended(first.call));
    });
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_time_of_a_call_inside_is_not_that_of_the_one_around() {
    on_a_thread(|point| {
        let slot = of_this_thread();
        slot.begin(point, 5, 100);
        let outer = slot.begin(point, 5, 200);
        let now = clock::ticking();
        slot.end(outer, now.saturating_sub(7));
        let moved = slot.look().unwrap().started - 100;
        let least = now.min(7);
        // The clock may have ticked meanwhile.
        assert!((least..least + Duration::from_secs(60).as_nanos() as u64).contains(&moved));
        slot.end(None, 0);
    });
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn only_a_call_that_was_marked_is_late() {
    on_a_thread(|point| {
        let slot = of_this_thread();
        slot.mark(IDLE);
        assert!(!slot.is_late());
        slot.begin(point, 5, 0);
        let first = slot.look().unwrap().call;
        assert!(!slot.is_late());
        slot.mark(first);
        assert!(slot.is_late());
        let outer = slot.begin(point, 5, 0);
        assert!(!slot.is_late(), "the one inside is not");
        assert!(!slot.end(outer, 0));
        assert!(slot.is_late());
        assert!(slot.end(None, 0));
        slot.begin(point, 5, 0);
        assert!(!slot.is_late() && !slot.end(None, 0));
    });
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_first_exception_of_a_call_is_told_from_the_next() {
    on_a_thread(|point| {
        let slot = of_this_thread();
        slot.begin(point, 5, 0);
        let call = slot.look().unwrap().call;
        assert!(slot.is_first_exception() && !slot.is_first_exception());
        slot.end(None, 0);
        slot.begin(point, 5, 0);
        slot.was_sent(call + 1);
        assert!(!slot.is_first_exception());
        assert!(!slot.is_over(call + 1));
        slot.comes_to_its_end();
        assert!(slot.is_over(call + 1) && slot.runs(call + 1));
        slot.end(None, 0);
    });
}

#[test]
#[cfg_attr(miri, ignore = "a slot has a stack for signals")]
fn the_steps_of_a_call_fail_from_the_first_one_that_is_seen() {
    on_a_thread(|point| {
        let slot = of_this_thread();
        clock::tick();
        slot.begin(point, 5, 0);
        let call = slot.look().unwrap().call;
        assert!(forced_for().is_none());
        slot.force(call + 1);
        assert!(forced_for().is_none());
        slot.force(call);
        assert_eq!(slot.stepped.load(Ordering::Relaxed), 0);
        assert!(forced_for().is_some());
        let first = slot.stepped.load(Ordering::Relaxed);
        assert_ne!(first, 0);
        slot.stepped.store(first - 1, Ordering::Relaxed);
        slot.force(call);
        assert!(forced_for().unwrap() >= Duration::from_nanos(1), "it was forced before");
        slot.comes_to_its_end();
        assert!(forced_for().is_none());
        slot.end(None, 0);
        assert!(forced_for().is_none());
    });
}
