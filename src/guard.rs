//! Guards the hub against its scripts: every call into one is counted, timed and watched.
//!
//! A [`Callee`] is a hook or function of one script: its statistics, its deadline, and whether it is
//! suspended. A [`Call`] is one run of it. While it runs, the thread's [`slot`] says so to the
//! watchdog and to the crash handler. Of that only plain loads and stores are on a call's way, some
//! ten at its beginning and half as many at its end, all with the script's interpreter attached.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::header::{self, Setting};
use crate::hooks::HOOKS;
use crate::log::plain;
use crate::on_error::OnError;
use crate::python::interpreter::Interpreter;
use crate::python::object::Attached;
use crate::python::{interrupt, names};
use crate::runtime::Runtime;
use crate::stats::{Row, Start};
use crate::{clock, config};

pub mod alarms;
pub mod breaker;
pub mod crash;
pub mod memory;
pub mod notices;
pub mod output;
pub mod registry;
pub mod repeats;
pub mod slot;
pub mod waits;
pub mod wake;
pub mod watchdog;

use breaker::{Breaker, Change, Outcome};
use memory::Memory;
use notices::Notices;
use output::Output;
use repeats::Repeats;
use slot::{Outer, Slot};

/// How long a call may take when neither `VH_PYTHON_HOOK_TIMEOUT` nor the script says.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Functions of a script that have statistics of their own; the rest share one callee.
const FUNCTIONS: usize = 64;
const OTHERS: &str = "(other functions)";

/// What is known of a script for guarding it.
#[derive(Debug)]
pub struct Profile {
    /// `id:name`, for the log.
    pub label: String,
    /// Path of its file, and where a crash of it is written; read by the crash handler.
    path: Box<[u8]>,
    crash_files: Vec<CString>,
    loaded_at: f64,
    settings: OnceLock<Settings>,
    on_error: OnceLock<OnError>,
    is_stub: AtomicBool,
    is_held_back: AtomicBool,
    interpreter: OnceLock<Weak<Interpreter>>,
    /// `vh` calls of its own threads.
    thread_vh_calls: AtomicU64,
    notices: Notices,
    /// What it writes into the log.
    pub output: Output,
    /// What memory it takes.
    pub memory: Memory,
    /// Where the crash handler finds it, as long as it is there.
    residence: Mutex<Option<crash::Residence>>,
}

/// What the script and the environment say.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Where the script runs.
    pub runtime: Runtime,
    /// How long a call may take; zero is for ever.
    pub timeout: Duration,
    /// Whether operators are told when a hook is suspended.
    pub tell_operators: bool,
}

impl Settings {
    /// Reads what the script's comments and the environment say.
    pub fn read(label: &str, source: &[u8], runtime: Runtime) -> Settings {
        let own = Own { label, source };
        let timeout = config::seconds("VH_PYTHON_HOOK_TIMEOUT", TIMEOUT);
        let timeout = own.or(timeout, Setting::Timeout, config::parse_seconds, |timeout| {
            format!("no number of seconds; {} is used", timeout.as_secs_f64())
        });
        Settings { runtime, timeout, tell_operators: own.tells_operators() }
    }
}

/// The comments of a script.
struct Own<'o> {
    label: &'o str,
    source: &'o [u8],
}

impl Own<'_> {
    /// Whether operators are told of the script.
    fn tells_operators(&self) -> bool {
        let tell = config::switch("VH_PYTHON_TELL_OPERATORS", true);
        self.switch(tell, Setting::TellOperators)
    }

    fn switch(&self, default: bool, setting: Setting) -> bool {
        self.or(default, setting, config::parse_switch, |used| {
            format!("neither yes nor no; {} is used", if *used { "yes" } else { "no" })
        })
    }

    /// What they say, or the default; a value that is not understood is `wrong`.
    fn or<T>(
        &self,
        default: T,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
        wrong: impl Fn(&T) -> String,
    ) -> T {
        let Some(text) = header::setting(self.source, setting) else { return default };
        parse(&text).unwrap_or_else(|| {
            tracing::warn!(
                script = %self.label,
                "its comment \"# vh: {}\" is {text:?}, which is {}",
                setting.name(),
                wrong(&default)
            );
            default
        })
    }
}

impl Profile {
    /// The profile of a script that is about to be loaded.
    pub fn new(label: String, path: &Path, config_dir: Option<&[u8]>) -> Profile {
        Profile {
            label,
            path: path.as_os_str().as_bytes().into(),
            crash_files: crash::files(path, config_dir),
            loaded_at: clock::unix_time(),
            settings: OnceLock::new(),
            on_error: OnceLock::new(),
            is_stub: AtomicBool::new(false),
            is_held_back: AtomicBool::new(true),
            interpreter: OnceLock::new(),
            thread_vh_calls: AtomicU64::new(0),
            notices: Notices::default(),
            output: Output::from_environment(),
            memory: Memory::from_environment(),
            residence: Mutex::new(None),
        }
    }

    /// Once the script has been read and its interpreter is there.
    pub fn settle(self: &Arc<Profile>, settings: Settings, interpreter: &Arc<Interpreter>) {
        // A script is loaded once.
        let _ = self.settings.set(settings);
        let _ = self.interpreter.set(Arc::downgrade(interpreter));
        *self.residence.lock() = Some(crash::Residence::new(self, interpreter.address()));
    }

    /// Once the script has been read: what is to become of it when it cannot answer, or crashed.
    pub fn note_wishes(&self, source: &[u8], on_error: OnError) {
        // A script is read once.
        let _ = self.on_error.set(on_error);
        let own = Own { label: &self.label, source };
        self.is_held_back.store(own.switch(true, Setting::HoldBack), Ordering::Relaxed);
    }

    /// What its hooks answer when they cannot; every event passes before that is known.
    pub fn on_error(&self) -> OnError {
        self.on_error.get().copied().unwrap_or_default()
    }

    /// Whether the script is held back once after a crash.
    pub fn is_held_back(&self) -> bool {
        self.is_held_back.load(Ordering::Relaxed)
    }

    /// Whether operators are told of the script, of which this is the text.
    pub fn tells_operators(&self, source: &[u8]) -> bool {
        match self.settings.get() {
            Some(settings) => settings.tell_operators,
            None => Own { label: &self.label, source }.tells_operators(),
        }
    }

    /// What operators are told of the script.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// Where the script runs; empty before that is known, and `stub` for what stands in for it.
    pub fn runtime_name(&self) -> &'static str {
        match self.is_stub.load(Ordering::Relaxed) {
            true => "stub",
            false => self.runtime().map_or("", Runtime::name),
        }
    }

    /// The script cannot run: a stub stands in for it.
    pub fn becomes_stub(&self) {
        self.is_stub.store(true, Ordering::Relaxed);
    }

    /// The runtime of the script; None as long as nothing of it has run.
    pub fn runtime(&self) -> Option<Runtime> {
        self.settings.get().map(|settings| settings.runtime)
    }

    /// Its interpreter, once it has one and as long as that is there.
    pub fn interpreter(&self) -> Option<Arc<Interpreter>> {
        self.interpreter.get()?.upgrade()
    }

    /// Nothing of the script is left in its interpreter.
    pub fn moves_out(&self) {
        *self.residence.lock() = None;
    }

    /// How long a call may take, in nanoseconds; 0 is for ever.
    fn limit(&self) -> u64 {
        let nanoseconds = |settings: &Settings| settings.timeout.as_nanos();
        u64::try_from(self.settings.get().map_or(0, nanoseconds)).unwrap_or(u64::MAX)
    }

    /// When it was loaded, in unix time.
    pub fn loaded_at(&self) -> f64 {
        self.loaded_at
    }

    /// `vh` calls of its own threads.
    pub fn thread_vh_calls(&self) -> u64 {
        self.thread_vh_calls.load(Ordering::Relaxed)
    }

    /// Counts one.
    pub fn count_thread_vh_call(&self) {
        self.thread_vh_calls.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Before the fields go that the crash handler would read.
        self.moves_out();
    }
}

/// Whether the hub calls it for an event or by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the type says it")]
pub enum Kind {
    Hook,
    Function,
}

/// A hook or function of a script.
#[derive(Debug)]
pub struct Callee {
    profile: Arc<Profile>,
    /// As the host wrote it, and as it is shown.
    bytes: Box<[u8]>,
    name: String,
    kind: Kind,
    row: Row,
    /// How long a call may take, in nanoseconds; 0 is for ever.
    limit: u64,
    breaker: Breaker,
    repeats: Repeats,
    /// What was told of its waiting for slow functions of the hub.
    waits: Repeats,
}

impl Callee {
    fn new(profile: &Arc<Profile>, name: &[u8], kind: Kind) -> Callee {
        Callee {
            profile: Arc::clone(profile),
            bytes: name.into(),
            name: plain::line_of(name),
            kind,
            row: Row::default(),
            limit: profile.limit(),
            breaker: Breaker::default(),
            repeats: Repeats::default(),
            waits: Repeats::default(),
        }
    }

    /// Its script.
    pub fn profile(&self) -> &Arc<Profile> {
        &self.profile
    }

    /// Its name in the script.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How long a call of it may take; None is for ever.
    pub fn deadline(&self) -> Option<Duration> {
        (self.limit > 0).then(|| Duration::from_nanos(self.limit))
    }

    /// Whether it may be called now; counted when not. Who gets a yes must begin a call.
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

    /// A call of it failed; `what` says in one line how, and `kind` what and where. True when that
    /// is to be logged in full.
    pub fn has_failed(&self, what: String, kind: &str) -> bool {
        self.row.count_error(what);
        self.repeats.is_new(kind, clock::ticking())
    }

    /// A call of it goes past its deadline at this `place`. True when that is to be logged in full.
    pub fn is_late(&self, place: &str) -> bool {
        self.repeats.is_new(&format!("TimeoutError in {place}"), clock::ticking())
    }

    /// The same for one that waits for the hub.
    pub fn waits_for_hub(&self, place: &str) -> bool {
        self.waits.is_new(place, clock::ticking())
    }

    /// Logs how often errors came again that were told before.
    pub fn sum_up(&self, now: u64, all: bool) {
        for (place, again) in self.waits.take(now, all) {
            let (script, name) = (&self.profile.label, &self.name);
            tracing::error!(script, "{name} waited long for the hub {again} times more in {place}");
        }
        for (what, again) in self.repeats.take(now, all) {
            let times = if again == 1 { "once more" } else { "more times" };
            let count = if again == 1 { String::new() } else { format!("{again} ") };
            tracing::error!(script = %self.profile.label, "{} failed {count}{times}: {what}", self.name);
        }
    }

    #[inline]
    fn has_ended(&self, outcome: Outcome) {
        if let Some(change) = self.breaker.outcome(outcome) {
            self.tell_change(change);
        }
    }

    #[cold]
    fn tell_change(&self, change: Change) {
        let (name, script) = (&self.name, &self.profile.label);
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
        if self.profile.settings.get().is_some_and(|settings| settings.tell_operators) {
            self.profile.notices.add(notice);
        }
    }

    /// Whether it is a hook that refuses when it cannot answer.
    fn refuses(&self) -> bool {
        let number = HOOKS.iter().position(|hook| hook.text == self.name);
        self.kind == Kind::Hook
            && number.is_some_and(|number| self.profile.on_error().refuses(number))
    }

    /// Its statistics.
    pub fn row(&self) -> &Row {
        &self.row
    }
}

/// All callees of a script, made when they are first called. Finding one takes no lock.
#[derive(Debug)]
pub struct Callees {
    profile: Arc<Profile>,
    hooks: [OnceLock<Box<Callee>>; HOOKS.len()],
    functions: [OnceLock<Box<Callee>>; FUNCTIONS],
    others: OnceLock<Box<Callee>>,
}

impl Callees {
    /// None yet.
    pub fn new(profile: &Arc<Profile>) -> Callees {
        Callees {
            profile: Arc::clone(profile),
            hooks: [const { OnceLock::new() }; HOOKS.len()],
            functions: [const { OnceLock::new() }; FUNCTIONS],
            others: OnceLock::new(),
        }
    }

    /// The hook of this number.
    #[inline]
    pub fn hook(&self, number: usize) -> &Callee {
        self.hooks[number].get_or_init(|| self.make(HOOKS[number].text.as_bytes(), Kind::Hook))
    }

    /// A function, which exists.
    #[inline]
    pub fn function(&self, name: &[u8]) -> &Callee {
        let hash = names::hash(name);
        for step in 0..FUNCTIONS {
            let place = &self.functions[(hash + step) % FUNCTIONS];
            let found = place.get_or_init(|| self.make(name, Kind::Function));
            if *found.bytes == *name {
                return found;
            }
        }
        self.others.get_or_init(|| self.make(OTHERS.as_bytes(), Kind::Function))
    }

    /// The one of this name, if it was ever called.
    pub fn named(&self, name: &str) -> Option<&Callee> {
        self.each().find(|callee| callee.name == name)
    }

    fn make(&self, name: &[u8], kind: Kind) -> Box<Callee> {
        Box::new(Callee::new(&self.profile, name, kind))
    }

    /// Logs how often errors came again that were told before.
    pub fn sum_up(&self, now: u64, all: bool) {
        self.all().into_iter().for_each(|callee| callee.sum_up(now, all));
    }

    /// Those that were called, in no order.
    pub fn each(&self) -> impl Iterator<Item = &Callee> {
        let all = self.hooks.iter().chain(&self.functions).chain([&self.others]);
        all.filter_map(OnceLock::get).map(|callee| &**callee)
    }

    /// Those that were called: hooks by their number, then functions by their name.
    pub fn all(&self) -> Vec<&Callee> {
        let hooks = self.hooks.iter().filter_map(OnceLock::get);
        let mut functions: Vec<_> = self.functions.iter().filter_map(OnceLock::get).collect();
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        hooks.chain(functions).chain(self.others.get()).map(|callee| &**callee).collect()
    }
}

/// A call that runs. Dropping it ends it, with the interpreter still attached.
#[derive(Debug)]
pub struct Call<'c, 'a> {
    callee: &'c Callee,
    slot: &'static Slot,
    attached: Attached<'a>,
    start: Start,
    vh_calls_before: u64,
    outer: Option<Outer>,
}

impl<'c, 'a> Call<'c, 'a> {
    /// A call begins, which the callee admitted.
    #[inline]
    pub fn begin(attached: Attached<'a>, callee: &'c Callee) -> Call<'c, 'a> {
        Call::begin_limited(attached, callee, callee.limit)
    }

    /// The same for what may take as long as it needs; the log tells when that is long.
    pub fn begin_unlimited(attached: Attached<'a>, callee: &'c Callee) -> Call<'c, 'a> {
        Call::begin_limited(attached, callee, slot::TOLD_ONLY)
    }

    #[inline]
    fn begin_limited(attached: Attached<'a>, callee: &'c Callee, limit: u64) -> Call<'c, 'a> {
        let slot = slot::of_this_thread();
        let start = callee.row.begin();
        let outer = slot.begin(callee, limit, start.ticking());
        Call { callee, slot, attached, start, vh_calls_before: slot.vh_calls(), outer }
    }
}

impl Drop for Call<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        let vh_calls = self.slot.vh_calls().wrapping_sub(self.vh_calls_before);
        let was_slow = self.callee.row.end(self.start, vh_calls);
        let outcome = if self.slot.end(self.outer.take(), self.start.ticking()) {
            self.ended_late();
            Outcome::Timeout
        } else {
            Outcome::InTime
        };
        self.callee.has_ended(outcome);
        if was_slow {
            memory::settle(&self.callee.profile);
        }
    }
}

impl Call<'_, '_> {
    /// The hook or function that is called.
    pub fn callee(&self) -> &Callee {
        self.callee
    }

    /// It failed; see `Callee::has_failed`.
    pub fn has_failed(&self, what: String, kind: &str) -> bool {
        self.callee.has_failed(what, kind)
    }

    /// It failed because it was interrupted, which the watchdog has told.
    pub fn was_interrupted(&self, what: String) {
        self.callee.row.count_error(what);
    }

    /// It returned after its deadline: nobody waits for its result any more. Gives the reason.
    #[cold]
    pub fn answers_too_late(&self) -> String {
        let what = "returned after its deadline; its result is not used";
        self.was_interrupted(what.to_owned());
        let message = format!("{} {what}", self.callee.name);
        tracing::error!(script = %self.callee.profile.label, "{message}");
        message
    }

    /// What was passed or returned cannot cross between C and Python; `reason` is one line. True when
    /// that is to be logged: of functions always, for each of their calls is asked for by somebody.
    pub fn was_refused(&self, reason: &str) -> bool {
        self.has_failed(reason.to_owned(), reason) || self.callee.kind == Kind::Function
    }

    /// Whether the call has gone past its deadline. The script's code has come to its end: nothing more
    /// is sent to a late call, so that telling of it is not interrupted.
    pub fn ends_late(&self) -> bool {
        let late = self.slot.is_late();
        if late {
            self.slot.settle();
            self.take_back();
        }
        late
    }

    fn take_back(&self) {
        interrupt::take_back(self.attached, |call| self.slot.is_over(call));
    }

    #[cold]
    fn ended_late(&self) {
        self.take_back();
        self.callee.row.count_timeout();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_the_documents_tell() {
        assert_eq!(TIMEOUT.as_secs_f64(), config::documented("VH_PYTHON_HOOK_TIMEOUT"));
    }
}
