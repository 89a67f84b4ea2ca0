//! A call into a script: one run of an entry point, written into the thread's [`slot`] as long as it runs.

use super::breaker::Outcome;
use super::entry_point::{EntryPoint, Kind};
use super::interrupt::Attachment;
use super::memory;
use super::script::ScriptInfo;
use super::slot::{self, Outer, Slot};
use vh_core::stats::Start;

/// A call that is running. Dropping it ends it; the interpreter is still attached then.
#[derive(Debug)]
pub struct Call<'c, A: Attachment> {
    entry_point: &'c EntryPoint,
    slot: &'static Slot,
    attached: A,
    start: Start,
    vh_calls_before: u64,
    outer: Option<Outer>,
}

impl<'c, A: Attachment> Call<'c, A> {
    /// Begins a call that the entry point has admitted.
    #[inline]
    pub fn begin(attached: A, entry_point: &'c EntryPoint) -> Call<'c, A> {
        Call::begin_limited(attached, entry_point, entry_point.limit())
    }

    /// The same for a call that may take as long as it needs. The log tells when it takes long.
    pub fn begin_unlimited(attached: A, entry_point: &'c EntryPoint) -> Call<'c, A> {
        Call::begin_limited(attached, entry_point, slot::TOLD_ONLY)
    }

    #[inline]
    fn begin_limited(attached: A, entry_point: &'c EntryPoint, limit: u64) -> Call<'c, A> {
        let slot = slot::of_this_thread();
        let start = entry_point.row().begin();
        let outer = slot.begin(entry_point, limit, start.ticking());
        Call { entry_point, slot, attached, start, vh_calls_before: slot.vh_calls(), outer }
    }
}

impl<A: Attachment> Drop for Call<'_, A> {
    #[inline]
    fn drop(&mut self) {
        let vh_calls = self.slot.vh_calls().wrapping_sub(self.vh_calls_before);
        let was_slow = self.entry_point.row().end(self.start, vh_calls);
        let outcome = if self.slot.end(self.outer.take(), self.start.ticking()) {
            self.ended_late();
            Outcome::Timeout
        } else {
            Outcome::InTime
        };
        self.entry_point.has_ended(outcome);
        if was_slow {
            memory::attribute_growth(self.entry_point.script());
        }
    }
}

impl<A: Attachment> Call<'_, A> {
    /// The hook or function that is called.
    pub fn entry_point(&self) -> &EntryPoint {
        self.entry_point
    }

    /// The script that is called.
    pub fn script(&self) -> &ScriptInfo {
        self.entry_point.script()
    }

    /// The call failed; see `EntryPoint::has_failed`.
    pub fn has_failed(&self, what: String, kind: &str) -> bool {
        self.entry_point.has_failed(what, kind)
    }

    /// The call failed because it was interrupted, which the watchdog has already logged.
    pub fn was_interrupted(&self, what: String) {
        self.entry_point.row().count_error(what);
    }

    /// The call returned after its deadline, when nobody wanted its result any more. Gives the reason.
    #[cold]
    pub fn answers_too_late(&self) -> String {
        let what = "returned after its deadline; its result is not used";
        self.was_interrupted(what.to_owned());
        let message = format!("{} {what}", self.entry_point.name());
        tracing::error!(script = %self.entry_point.script().label, "{message}");
        message
    }

    /// What was passed or returned cannot cross between C and Python; `reason` is one line. True when it is
    /// to be logged, which it always is for functions, because somebody asked for each of their calls.
    pub fn was_refused(&self, reason: &str) -> bool {
        self.has_failed(reason.to_owned(), reason) || self.entry_point.kind() == Kind::Function
    }

    /// Whether the call has gone past its deadline. To be called when the script's code has ended: from then
    /// on nothing is sent to the late call, so that logging it is not interrupted.
    pub fn ends_late(&self) -> bool {
        let late = self.slot.is_late();
        if late {
            self.slot.comes_to_its_end();
            self.take_back();
        }
        late
    }

    fn take_back(&self) {
        self.attached.take_back(|call| self.slot.is_over(call));
    }

    #[cold]
    fn ended_late(&self) {
        self.take_back();
        self.entry_point.row().count_timeout();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::fake::{Attached, call, script};
    use vh_core::hooks::ON_TIMER;
    use vh_host::fake_hub::FakeHub;
    use vh_testing::told;

    #[test]
    fn a_call_is_counted_and_seen_as_long_as_it_runs() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let point = script.entry_points.hook(ON_TIMER);
        let slot = slot::of_this_thread();
        assert!(slot.look().is_none());
        let outer = call(point);
        assert_eq!((outer.entry_point().name(), outer.script().serial), ("OnTimer", script.serial));
        drop(slot.visit_host());
        let inner = Call::begin_unlimited(Attached, script.entry_points.function(b"f"));
        assert_eq!(slot.look().unwrap().limit, slot::TOLD_ONLY);
        drop(slot.visit_host());
        drop(slot.visit_host());
        drop(inner);
        assert_eq!(slot.look().unwrap().limit, point.limit());
        drop(outer);
        assert!(slot.look().is_none());
        let of = |point: &EntryPoint| {
            let numbers = point.row().read();
            (numbers.calls, numbers.vh_calls, numbers.timeouts)
        };
        assert_eq!(of(point), (1, 3, 0));
        assert_eq!(of(script.entry_points.function(b"f")), (1, 2, 0));
    }

    thread_local! {
        /// Of which numbers of calls it was asked whether they are over, when something was taken back.
        static TAKEN: RefCell<Vec<[bool; 2]>> = const { RefCell::new(Vec::new()) };
    }

    /// Asks of the first and the second call of a thread.
    #[derive(Clone, Copy, Debug)]
    struct Asking;

    impl Attachment for Asking {
        fn take_back(self, is_over: impl Fn(u64) -> bool) {
            TAKEN.with_borrow_mut(|taken| taken.push([1, 2].map(is_over)));
        }
    }

    #[test]
    fn what_was_sent_to_a_late_call_is_taken_back() {
        let _hub = FakeHub::begin(|_| false);
        // The slot of a thread that is new, whose calls are numbered from 1 on, or that had calls before.
        let slot = slot::of_this_thread();
        let script = script(1, "a.py", "");
        let point = script.entry_points.hook(ON_TIMER);
        drop(Call::begin(Asking, point));
        assert!(TAKEN.take().is_empty(), "it was in time");
        let late = Call::begin(Asking, point);
        assert!(!late.ends_late());
        slot.mark(slot.look().unwrap().call);
        assert!(late.ends_late() && slot.is_over(slot.look().unwrap().call));
        assert_eq!(TAKEN.take().len(), 1);
        drop(late);
        assert_eq!(TAKEN.take(), [[true, true]]);
        assert_eq!(point.row().read().timeouts, 1);
    }

    #[test]
    fn three_late_calls_suspend() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let point = script.entry_points.hook(ON_TIMER);
        let slot = slot::of_this_thread();
        for _ in 0..3 {
            assert!(!point.is_suspended());
            let late = call(point);
            slot.mark(slot.look().unwrap().call);
            drop(late);
        }
        assert!(point.is_suspended());
        assert_eq!(point.row().read().timeouts, 3);
    }

    #[test]
    fn failures_are_counted_and_the_first_of_each_kind_is_told() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let hook = call(script.entry_points.hook(ON_TIMER));
        let errors = || script.entry_points.hook(ON_TIMER).row().read().errors;
        assert!(hook.has_failed("KeyError: 1".to_owned(), "KeyError"));
        assert!(!hook.has_failed("KeyError: 2".to_owned(), "KeyError"));
        hook.was_interrupted("TimeoutError".to_owned());
        assert_eq!(errors(), 3);
        assert!(hook.was_refused("no text") && !hook.was_refused("no text"));
        let (message, told) = told(|| hook.answers_too_late());
        assert_eq!(message, "OnTimer returned after its deadline; its result is not used");
        assert!(told.starts_with(&format!("ERROR {message} script=1:a.py")), "{told}");
        assert_eq!(errors(), 6);
        let function = call(script.entry_points.function(b"f"));
        assert!(function.was_refused("no text") && function.was_refused("no text"));
    }
}
