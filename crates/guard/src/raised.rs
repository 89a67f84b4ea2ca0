//! Exceptions that leave a script, wherever it runs: they are counted, and the first one of each kind is logged.

use serde::Deserialize;

use super::call::Call;
use super::interrupt::Attachment;
use super::script::ScriptInfo;
use vh_core::error::{Code, Error, Exception};

/// What is known of an exception.
#[derive(Clone, Debug, Deserialize)]
pub struct Raised {
    /// The name of its class.
    pub kind: String,
    /// Its text.
    pub message: String,
    /// What Python would print for it.
    pub traceback: String,
    /// Class and text in one line.
    pub line: String,
    /// Where the script raised it, such as `FILE, line 3`; None when that is not known.
    pub place: Option<String>,
    /// Whether it is a SystemExit.
    pub exits: bool,
}

impl Raised {
    /// Its class, and the line of the script that raised it: exceptions of which these are the same are told in
    /// full once.
    fn kind_and_place(&self) -> String {
        match &self.place {
            Some(place) => format!("{} in {place}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// Logs it. `script` is the script's label; `advice` is what there is to say besides.
    pub fn log(&self, script: &str, place: &str, advice: impl FnOnce() -> String) {
        let traceback = &self.traceback;
        if self.exits {
            tracing::error!(
                script,
                "{place} asked to exit (SystemExit); the hub goes on\n{traceback}"
            );
        } else {
            tracing::error!(script, "{place} raised an exception\n{traceback}{}", advice());
        }
    }

    /// Counts it as the failure of a call, and logs it unless it repeats one that was logged.
    #[cold]
    pub fn fails<A: Attachment>(
        self,
        call: &Call<A>,
        place: &str,
        advice: impl FnOnce() -> String,
    ) -> Error {
        let script = call.script();
        // When the watchdog interrupted the call, it has logged that, and where.
        let is_interrupted = call.ends_late();
        if is_interrupted {
            call.was_interrupted(self.line.clone());
        } else if call.has_failed(self.line.clone(), &self.kind_and_place()) {
            self.log(&script.label, place, advice);
        }
        let code = if is_interrupted { Code::Timeout } else { Code::Python };
        let message = match self.message {
            // The exception that the watchdog has sent has no text.
            text if is_interrupted && text.is_empty() => interrupted(call, self.place.as_deref()),
            text => text,
        };
        let exception = Exception { kind: self.kind, traceback: self.traceback };
        Error::new(code, message).about(&script.label).with_exception(exception).told()
    }

    /// Counts and logs it as if the hook or function of this name had raised it, for it comes from something that
    /// runs for that outside of its call, such as a coroutine or a callback.
    pub fn fails_outside(self, script: &ScriptInfo, place: &str, advice: impl FnOnce() -> String) {
        let entry_point = script.entry_points.named(place);
        let is_new = entry_point.is_none_or(|entry_point| {
            entry_point.has_failed(self.line.clone(), &self.kind_and_place())
        });
        if is_new {
            self.log(&script.label, place, advice);
        }
    }
}

/// The text for a call that was interrupted.
pub fn interrupted<A: Attachment>(call: &Call<A>, place: Option<&str>) -> String {
    let entry_point = call.entry_point();
    let limit = entry_point.deadline().unwrap_or_default().as_secs_f64();
    let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
    format!("{} took longer than its {limit} s and was interrupted{place}", entry_point.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{call, script};
    use crate::slot;
    use vh_core::hooks::ON_TIMER;
    use vh_host::fake_hub::FakeHub;
    use vh_testing::told;

    fn raised(place: Option<&str>) -> Raised {
        Raised {
            kind: "KeyError".to_owned(),
            message: "1".to_owned(),
            traceback: "Traceback\n".to_owned(),
            line: "KeyError: 1".to_owned(),
            place: place.map(str::to_owned),
            exits: false,
        }
    }

    fn advice() -> String {
        "Write 2.\n".to_owned()
    }

    #[test]
    fn the_first_of_each_place_is_told_and_each_is_an_error_of_its_call() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let call = call(script.entry_points.hook(ON_TIMER));
        let fails = |place| told(|| raised(place).fails(&call, "OnTimer", advice));
        let (error, text) = fails(Some("a.py, line 1"));
        assert_eq!((error.code(), error.message()), (Code::Python, "1"));
        assert_eq!(error.exception().unwrap().traceback, "Traceback\n");
        assert!(text.contains("OnTimer raised an exception\nTraceback\nWrite 2."), "{text}");
        assert_eq!(fails(Some("a.py, line 1")).1, "");
        assert_ne!(fails(Some("a.py, line 2")).1, "");
        assert_ne!(fails(None).1, "");
        let exit = Raised { exits: true, ..raised(Some("a.py, line 3")) };
        assert!(
            told(|| exit.fails(&call, "OnTimer", advice)).1.contains("asked to exit (SystemExit)")
        );
    }

    #[test]
    fn an_interrupted_call_says_where_it_was() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "# vh: timeout = 2\n");
        let call = call(script.entry_points.hook(ON_TIMER));
        let slot = slot::of_this_thread();
        slot.mark(slot.look().unwrap().call);
        let empty = Raised { message: String::new(), ..raised(Some("a.py, line 7")) };
        let (error, text) = told(|| empty.fails(&call, "OnTimer", advice));
        let message = "OnTimer took longer than its 2 s and was interrupted in a.py, line 7";
        assert_eq!((error.code(), error.message(), text.as_str()), (Code::Timeout, message, ""));
    }

    #[test]
    fn what_runs_for_a_hook_fails_as_the_hook() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let errors = || script.entry_points.hook(ON_TIMER).row().read().errors;
        let fails = |place| told(|| raised(None).fails_outside(&script, place, advice)).1;
        assert_eq!(errors(), 0, "it is known from now on");
        assert_ne!(fails("OnTimer"), "");
        assert_eq!((fails("OnTimer").as_str(), errors()), ("", 2));
        assert_ne!(fails("a callback"), "");
        assert_ne!(fails("a callback"), "", "nobody counts those");
    }
}
