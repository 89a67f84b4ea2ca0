//! The hooks and functions of a script: what is known of each, its statistics, its deadline, and whether it is
//! suspended.

use std::sync::{OnceLock, Weak};
use std::time::Duration;

use super::breaker::{Breaker, Change, Outcome};
use super::repeats::Repeats;
use super::script::ScriptInfo;
use vh_core::clock;
use vh_core::hooks::HOOKS;
use vh_core::log::plain;
use vh_core::name_hash::name_hash;
use vh_core::stats::Row;

/// How many functions of a script have statistics of their own; the others share one entry point.
const FUNCTIONS: usize = 64;
const OTHERS: &str = "(other functions)";

/// Whether the hub calls it for an event, or the host by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the type says it")]
pub enum Kind {
    Hook,
    Function,
}

/// A hook or function of a script.
#[derive(Debug)]
pub struct EntryPoint {
    script: Weak<ScriptInfo>,
    /// The name in the host's bytes; `name` is how it is shown.
    bytes: Box<[u8]>,
    name: String,
    kind: Kind,
    row: Row,
    /// How long a call may take, in nanoseconds; 0 is for ever.
    limit: u64,
    breaker: Breaker,
    repeats: Repeats,
    /// What was logged about its waiting for slow functions of the hub.
    waits: Repeats,
}

impl EntryPoint {
    fn new(script: &Weak<ScriptInfo>, limit: u64, name: &[u8], kind: Kind) -> EntryPoint {
        EntryPoint {
            script: Weak::clone(script),
            bytes: name.into(),
            name: plain::line_of(name),
            kind,
            row: Row::default(),
            limit,
            breaker: Breaker::default(),
            repeats: Repeats::default(),
            waits: Repeats::default(),
        }
    }

    /// Its script.
    #[inline]
    pub fn script(&self) -> &ScriptInfo {
        // SAFETY: an entry point is owned by the `EntryPoints` of that record and never leaves them, so the
        // record is there as long as it is borrowed.
        unsafe { &*self.script.as_ptr() }
    }

    /// Its name in the script.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How long a call of it may take, in nanoseconds; 0 is for ever.
    #[inline]
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// How long a call of it may take; None is for ever.
    pub fn deadline(&self) -> Option<Duration> {
        (self.limit > 0).then(|| Duration::from_nanos(self.limit))
    }

    /// Whether it may be called now. After a yes the caller must begin a call; a no is counted as a skipped
    /// call.
    #[inline]
    pub fn admits(&self) -> bool {
        let admits = self.breaker.admits();
        if !admits {
            self.row.count_skipped();
        }
        admits
    }

    /// Whether it is not called at the moment, because it went past its deadline again and again.
    pub fn is_suspended(&self) -> bool {
        self.breaker.is_suspended()
    }

    /// A call of it failed. `what` says in one line how; `kind` says what kind of error it was, and where.
    /// True when it is to be logged in full.
    pub fn has_failed(&self, what: String, kind: &str) -> bool {
        self.row.count_error(what);
        self.repeats.is_new(kind, clock::ticking())
    }

    /// A call of it has gone past its deadline at this `place`. True when that is to be logged in full.
    pub fn is_late(&self, place: &str) -> bool {
        self.repeats.is_new(&format!("TimeoutError in {place}"), clock::ticking())
    }

    /// The same for a call that waits for the hub.
    pub fn waits_for_hub(&self, place: &str) -> bool {
        self.waits.is_new(place, clock::ticking())
    }

    /// Logs how often errors came again that were told before.
    pub fn sum_up(&self, now: u64, all: bool) {
        for (place, again) in self.waits.take(now, all) {
            let (script, name) = (&self.script().label, &self.name);
            tracing::error!(script, "{name} waited long for the hub {again} times more in {place}");
        }
        for (what, again) in self.repeats.take(now, all) {
            let times = if again == 1 { "once more" } else { "more times" };
            let count = if again == 1 { String::new() } else { format!("{again} ") };
            tracing::error!(script = %self.script().label, "{} failed {count}{times}: {what}", self.name);
        }
    }

    #[inline]
    pub(super) fn has_ended(&self, outcome: Outcome) {
        if let Some(change) = self.breaker.outcome(outcome) {
            self.tell_change(change);
        }
    }

    #[cold]
    fn tell_change(&self, change: Change) {
        let (name, script) = (&self.name, &self.script().label);
        let file = script.split_once(':').map_or(script.as_str(), |(_, file)| file);
        let notice = match change {
            Change::Suspended(pause) => {
                let pause = pause.as_secs();
                let reason = "it went past its deadline 3 times in a row";
                let meanwhile = match (self.kind, self.refuses()) {
                    (Kind::Function, _) => "",
                    (Kind::Hook, true) => " Meanwhile it refuses everything.",
                    (Kind::Hook, false) => " Meanwhile it lets everything pass.",
                };
                tracing::error!(
                    script,
                    "{name} is suspended for {pause} s, because {reason}; then it is tried again.{meanwhile}"
                );
                format!(
                    "Script {file}: {name} is suspended, because {reason}. It is tried again from time to \
                     time.{meanwhile}"
                )
            }
            Change::StillSuspended(pause) => {
                let pause = pause.as_secs();
                return tracing::warn!(
                    script,
                    "{name} was tried again and failed; it is suspended for {pause} s"
                );
            }
            Change::Recovered => {
                tracing::warn!(
                    script,
                    "{name} was tried again and works; it is not suspended any more"
                );
                self.repeats.forget();
                format!("Script {file}: {name} works again.")
            }
        };
        if self.script().settings.tell_operators {
            self.script().notices.add(notice);
        }
    }

    /// Whether it is a hook that refuses when it cannot run.
    fn refuses(&self) -> bool {
        let number = HOOKS.iter().position(|hook| hook.text == self.name);
        self.kind == Kind::Hook
            && number.is_some_and(|number| self.script().settings.on_error.refuses(number))
    }

    /// Its statistics.
    #[inline]
    pub fn row(&self) -> &Row {
        &self.row
    }
}

/// All entry points of a script, made when they are first called. Finding one takes no lock.
#[derive(Debug)]
pub struct EntryPoints {
    script: Weak<ScriptInfo>,
    /// How long a call may take, in nanoseconds; 0 is for ever.
    limit: u64,
    hooks: [OnceLock<Box<EntryPoint>>; HOOKS.len()],
    functions: [OnceLock<Box<EntryPoint>>; FUNCTIONS],
    others: OnceLock<Box<EntryPoint>>,
}

impl EntryPoints {
    /// No entry points yet. They will belong to this record, and each call of them may take as long as
    /// `timeout`; zero is for ever.
    pub(super) fn new(script: &Weak<ScriptInfo>, timeout: Duration) -> EntryPoints {
        EntryPoints {
            script: Weak::clone(script),
            limit: u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX),
            hooks: [const { OnceLock::new() }; HOOKS.len()],
            functions: [const { OnceLock::new() }; FUNCTIONS],
            others: OnceLock::new(),
        }
    }

    /// The hook of this number.
    #[inline]
    pub fn hook(&self, number: usize) -> &EntryPoint {
        self.hooks[number].get_or_init(|| self.make(HOOKS[number].text.as_bytes(), Kind::Hook))
    }

    /// The function of this name, which the script has.
    #[inline]
    pub fn function(&self, name: &[u8]) -> &EntryPoint {
        let hash = name_hash(name);
        for step in 0..FUNCTIONS {
            let place = &self.functions[(hash + step) % FUNCTIONS];
            let found = place.get_or_init(|| self.make(name, Kind::Function));
            if *found.bytes == *name {
                return found;
            }
        }
        self.others.get_or_init(|| self.make(OTHERS.as_bytes(), Kind::Function))
    }

    /// The hook or function of this name, if it was ever called.
    pub fn named(&self, name: &str) -> Option<&EntryPoint> {
        self.each().find(|entry_point| entry_point.name == name)
    }

    fn make(&self, name: &[u8], kind: Kind) -> Box<EntryPoint> {
        Box::new(EntryPoint::new(&self.script, self.limit, name, kind))
    }

    /// Logs how often errors came again that were told before.
    pub fn sum_up(&self, now: u64, all: bool) {
        self.all().into_iter().for_each(|entry_point| entry_point.sum_up(now, all));
    }

    /// Those that were called, in no order.
    pub fn each(&self) -> impl Iterator<Item = &EntryPoint> {
        let all = self.hooks.iter().chain(&self.functions).chain([&self.others]);
        all.filter_map(OnceLock::get).map(|entry_point| &**entry_point)
    }

    /// Those that were called: hooks by their number, then functions by their name.
    pub fn all(&self) -> Vec<&EntryPoint> {
        let hooks = self.hooks.iter().filter_map(OnceLock::get);
        let mut functions: Vec<_> = self.functions.iter().filter_map(OnceLock::get).collect();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        hooks.chain(functions).chain(self.others.get()).map(|entry_point| &**entry_point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_core::hooks::{ON_TIMER, ON_USER_LOGIN};
    use vh_host::fake_hub::{FakeHub, text};
    use vh_testing::told;

    fn time_out(entry_point: &EntryPoint, times: usize) -> String {
        told(|| (0..times).for_each(|_| entry_point.has_ended(Outcome::Timeout))).1
    }

    #[test]
    fn each_hook_and_function_is_made_when_it_is_first_called() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "# vh: timeout = 2\n");
        let points = &script.entry_points;
        assert!(points.each().next().is_none() && points.named("OnTimer").is_none());
        let hook = points.hook(ON_TIMER);
        assert_eq!((hook.name(), hook.kind()), ("OnTimer", Kind::Hook));
        assert_eq!((hook.limit(), hook.deadline()), (2_000_000_000, Some(Duration::from_secs(2))));
        assert!(std::ptr::eq(hook, points.hook(ON_TIMER)));
        let function = points.function(b"f\xFF");
        assert_eq!((function.name(), function.kind()), ("f\\xff", Kind::Function));
        assert!(std::ptr::eq(function, points.function(b"f\xFF")));
        assert!(std::ptr::eq(points.named("OnTimer").unwrap(), hook));
        points.function(b"a");
        points.hook(0);
        let names: Vec<_> = points.all().iter().map(|point| point.name()).collect();
        assert_eq!(names, ["OnNewConn", "OnTimer", "a", "f\\xff"]);
        assert_eq!(points.each().count(), 4);
        assert_eq!(hook.script().serial, script.serial);
    }

    #[test]
    fn a_call_may_take_for_ever_or_as_long_as_can_be_said() {
        let _hub = FakeHub::begin(|_| false);
        let limits = ["0", "1e18"].map(|timeout| {
            let script = script(1, "a.py", &format!("# vh: timeout = {timeout}\n"));
            (script.entry_points.hook(0).limit(), script.entry_points.hook(0).deadline().is_some())
        });
        assert_eq!(limits, [(0, false), (u64::MAX, true)]);
    }

    #[test]
    fn functions_beyond_the_most_share_their_statistics() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let points = &script.entry_points;
        let names: Vec<_> = (0..FUNCTIONS).map(|number| format!("function_{number}")).collect();
        for name in &names {
            assert_eq!(points.function(name.as_bytes()).name(), name);
        }
        for name in &names {
            assert_eq!(points.function(name.as_bytes()).name(), name, "it is found again");
        }
        assert_eq!(points.function(b"one more").name(), OTHERS);
        assert_eq!(points.function(b"another").name(), OTHERS);
        let all = points.all();
        assert_eq!((all.len(), points.each().count()), (FUNCTIONS + 1, FUNCTIONS + 1));
        assert_eq!(all.last().map(|point| point.name()), Some(OTHERS));
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn a_suspension_is_told_in_the_log_and_to_operators() {
        let hub = FakeHub::newest();
        hub.answer(38, |_| text(b""));
        let source = "# vh: on_error.OnUserLogin = refuse\n";
        let script = script(1, "a.py", source);
        let said = || {
            crate::notices::say(&script);
            let calls = hub.calls().into_iter();
            calls.filter(|call| call.starts_with("0 by")).collect::<Vec<_>>().join("\n")
        };
        for (point, meanwhile) in [
            (script.entry_points.hook(ON_TIMER), " Meanwhile it lets everything pass."),
            (script.entry_points.hook(ON_USER_LOGIN), " Meanwhile it refuses everything."),
            (script.entry_points.function(b"OnUserLogin"), ""),
        ] {
            let name = point.name();
            assert_eq!((time_out(point, 2).as_str(), point.is_suspended()), ("", false));
            assert!(point.admits());
            let told = time_out(point, 1);
            let line = format!(
                "ERROR {name} is suspended for 5 s, because it went past its deadline 3 times in a row; then \
                 it is tried again.{meanwhile} script="
            );
            assert!(told.starts_with(&line) && told.contains("1:a.py"), "{told}");
            let said = said();
            let notice =
                format!("Script a.py: {name} is suspended, because it went past its deadline");
            assert!(
                said.contains(&notice) && said.contains(&format!("time.{meanwhile}\"")),
                "{said}"
            );
            assert!(point.is_suspended() && !point.admits());
            assert_eq!(point.row().read().skipped, 1);
        }
    }

    #[test]
    fn a_trial_is_told_and_what_failed_before_is_new_again() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "# vh: tell_operators = no\n");
        let point = script.entry_points.hook(ON_TIMER);
        assert!(point.has_failed("ValueError: 1".to_owned(), "ValueError"));
        assert!(!point.has_failed("ValueError: 2".to_owned(), "ValueError"));
        let numbers = point.row().read();
        assert_eq!((numbers.errors, numbers.last_error.unwrap().text), (2, "ValueError: 2".into()));
        time_out(point, 3);
        let ((), told) =
            told(|| point.tell_change(Change::StillSuspended(Duration::from_secs(10))));
        assert!(
            told.starts_with("WARN OnTimer was tried again and failed; it is suspended for 10 s")
        );
        let ((), told) = vh_testing::told(|| point.tell_change(Change::Recovered));
        assert!(told.starts_with("WARN OnTimer was tried again and works"), "{told}");
        assert!(point.has_failed("ValueError: 3".to_owned(), "ValueError"));
    }

    #[test]
    fn what_came_again_is_summed_up() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let point = script.entry_points.hook(ON_TIMER);
        let summed = |all| told(|| script.entry_points.sum_up(0, all)).1;
        assert!(point.is_late("f of a.py") && !point.is_late("f of a.py"));
        assert!(point.waits_for_hub("g of a.py") && !point.waits_for_hub("g of a.py"));
        assert_eq!(summed(false), "", "it is too early");
        let told = summed(true);
        let lines = [
            "OnTimer waited long for the hub 1 times more in g of a.py",
            "OnTimer failed once more: TimeoutError in f of a.py",
        ];
        assert!(lines.iter().all(|line| told.contains(line)), "{told}");
        assert!(!point.is_late("f of a.py") && !point.is_late("f of a.py"));
        assert!(summed(true).contains("OnTimer failed 2 more times: TimeoutError in f of a.py"));
        assert_eq!(summed(true), "");
    }
}
