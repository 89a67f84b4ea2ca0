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
