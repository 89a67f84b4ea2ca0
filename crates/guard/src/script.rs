//! The record of a script: all that is known of it, from before its file runs until nothing of it is left.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::crash;
use super::entry_point::EntryPoints;
use super::interrupt::Interrupt;
use super::listening::Listening;
use super::memory::Memory;
use super::notices::Notices;
use super::output::Output;
use super::settings::Settings;
use vh_core::clock;
use vh_core::log::plain;
use vh_core::runtime::Runtime;
use vh_host::host_functions::Registered;
use vh_host::host_queue;

/// How long calls of a script's own threads are answered from the beginning of its `UnLoad()` on.
const PARTING: Duration = Duration::from_secs(1);

/// What a host says of a script when it asks for it to be loaded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The id it reserved.
    pub id: i32,
    /// Path of the script's file, as the bytes the host passed.
    pub path: PathBuf,
    /// Nick of the hub's bot.
    pub bot: Option<Vec<u8>>,
    /// Nick of the operators' chat.
    pub op_chat: Option<Vec<u8>>,
    /// The hub's configuration folder.
    pub config_dir: Option<Vec<u8>>,
    /// When the hub started, in unix seconds.
    pub start_time: i64,
    /// Name of the hub's configuration.
    pub config_name: Option<Vec<u8>>,
}

impl Request {
    /// `id:name`, for the log.
    pub fn label(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        format!("{}:{}", self.id, plain::line(&name))
    }
}

/// The record of a script.
#[derive(Debug)]
pub struct ScriptInfo {
    /// Its id; used again after it is unloaded.
    pub id: i32,
    /// Its number among all scripts ever loaded.
    pub serial: u64,
    /// `id:name`, for the log.
    pub label: String,
    /// Path of its file.
    path: PathBuf,
    /// The hub's configuration folder.
    pub config_dir: Option<Vec<u8>>,
    /// Name of the hub's configuration.
    pub config_name: Option<Vec<u8>>,
    /// When the hub started, in unix seconds.
    pub start_time: i64,
    nicks: Mutex<Nicks>,
    /// What its comments and the environment say.
    pub settings: Settings,
    /// Its hooks and functions, as far as they were called.
    pub entry_points: EntryPoints,
    /// What the host registered for it.
    pub functions: Arc<Registered>,
    /// Which of its hooks the host is to call.
    pub listening: &'static Listening,
    loaded_at: f64,
    place: OnceLock<Place>,
    is_stub: AtomicBool,
    /// `vh` calls of its own threads.
    thread_vh_calls: AtomicU64,
    /// What operators are told of it.
    pub notices: Notices,
    /// What it writes into the log.
    pub output: Output,
    /// What memory it takes.
    pub memory: Memory,
    /// Where a crash of it is written.
    crash_files: Vec<CString>,
    /// Where the crash handler finds it, as long as it is there.
    residence: Mutex<Option<crash::Residence>>,
    /// A bit for each hook of which an unusable result has been logged.
    told: AtomicU64,
    stage: Stage,
}

/// Where it runs.
#[derive(Debug)]
struct Place {
    runtime: Runtime,
    interrupt: Weak<dyn Interrupt>,
}

/// The nicks of the hub's own bots, which the hub may rename. Behind a leaf lock.
#[derive(Debug, Default)]
struct Nicks {
    bot: Option<Vec<u8>>,
    op_chat: Option<Vec<u8>>,
}

/// How far it has come.
#[derive(Debug, Default)]
struct Stage {
    /// Whether the host can call it.
    live: AtomicBool,
    /// From when on its own threads may not call the hub; set when its `UnLoad()` is called.
    parts_at: OnceLock<Instant>,
    /// Set when its own threads may not call the hub any more in any case.
    leaving: AtomicBool,
    /// Set when nothing of it may call the hub any more.
    closed: AtomicBool,
    /// Set when it has been unloaded.
    gone: AtomicBool,
}

impl ScriptInfo {
    /// The record of a script that is about to be loaded.
    pub fn new(
        request: Request,
        settings: Settings,
        functions: Arc<Registered>,
        listening: &'static Listening,
    ) -> Arc<ScriptInfo> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let label = request.label();
        Arc::new_cyclic(|own| ScriptInfo {
            id: request.id,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            label,
            entry_points: EntryPoints::new(own, settings.timeout),
            crash_files: crash::files(&request.path, request.config_dir.as_deref()),
            path: request.path,
            config_dir: request.config_dir,
            config_name: request.config_name,
            start_time: request.start_time,
            nicks: Mutex::new(Nicks { bot: request.bot, op_chat: request.op_chat }),
            settings,
            functions,
            listening,
            loaded_at: clock::unix_time(),
            place: OnceLock::new(),
            is_stub: AtomicBool::new(false),
            thread_vh_calls: AtomicU64::new(0),
            notices: Notices::default(),
            output: Output::from_environment(),
            memory: Memory::from_environment(),
            residence: Mutex::new(None),
            told: AtomicU64::new(0),
            stage: Stage::default(),
        })
    }

    /// Path of the script's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of the script's file, as the bytes the host passed.
    pub fn path_bytes(&self) -> &[u8] {
        self.path.as_os_str().as_bytes()
    }

    /// The file's name.
    pub fn name_bytes(&self) -> &[u8] {
        self.path.file_name().unwrap_or(self.path.as_os_str()).as_bytes()
    }

    /// Where a crash of it is written.
    pub fn crash_files(&self) -> &[CString] {
        &self.crash_files
    }

    /// When its load began, in unix time.
    pub fn loaded_at(&self) -> f64 {
        self.loaded_at
    }

    /// Nick of the hub's bot.
    pub fn bot_nick(&self) -> Option<Vec<u8>> {
        self.nicks.lock().bot.clone()
    }

    /// Nick of the operators' chat.
    pub fn op_chat_nick(&self) -> Option<Vec<u8>> {
        self.nicks.lock().op_chat.clone()
    }

    /// The hub renamed its bot.
    pub fn rename_bot(&self, nick: &[u8]) {
        self.nicks.lock().bot = Some(nick.to_vec());
    }

    /// The hub renamed the operators' chat.
    pub fn rename_op_chat(&self, nick: &[u8]) {
        self.nicks.lock().op_chat = Some(nick.to_vec());
    }

    /// Logs an unusable result of a hook, but only the first one of each hook.
    pub fn complain_once(&self, hook: usize, message: impl FnOnce() -> String) {
        let bit = 1 << hook;
        if self.told.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(script = %self.label, "{}", message());
        }
    }

    /// `vh` calls of its own threads.
    pub fn thread_vh_calls(&self) -> u64 {
        self.thread_vh_calls.load(Ordering::Relaxed)
    }

    /// Counts a `vh` call of one of its own threads.
    pub fn count_thread_vh_call(&self) {
        self.thread_vh_calls.fetch_add(1, Ordering::Relaxed);
    }
}

/// Where it runs.
impl ScriptInfo {
    /// Says where it runs from now on, and what interrupts its calls there. `address` is how the crash
    /// handler knows that place.
    pub fn moves_in(&self, runtime: Runtime, interrupt: Weak<dyn Interrupt>, address: usize) {
        // A script is loaded once.
        let _ = self.place.set(Place { runtime, interrupt });
        *self.residence.lock() = Some(crash::Residence::new(self, address));
    }

    /// Says that nothing of it is left there.
    pub fn moves_out(&self) {
        *self.residence.lock() = None;
    }

    /// Its runtime; None as long as nothing of it has run.
    pub fn runtime(&self) -> Option<Runtime> {
        self.place.get().map(|place| place.runtime)
    }

    /// The name of its runtime; empty before that is known, and `stub` when a stub stands in for the script.
    pub fn runtime_name(&self) -> &'static str {
        match self.is_stub.load(Ordering::Relaxed) {
            true => "stub",
            false => self.runtime().map_or("", Runtime::name),
        }
    }

    /// Says that a stub stands in for the script, which cannot run.
    pub fn becomes_stub(&self) {
        self.is_stub.store(true, Ordering::Relaxed);
    }

    /// What interrupts its calls, as long as that exists.
    pub fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        self.place.get()?.interrupt.upgrade()
    }
}

/// How far it has come.
impl ScriptInfo {
    /// Says whether the host can call it.
    pub fn set_live(&self, live: bool) {
        self.stage.live.store(live, Ordering::Release);
    }

    /// Whether the host can call it.
    pub fn is_live(&self) -> bool {
        self.stage.live.load(Ordering::Acquire)
    }

    /// Its `UnLoad()` is called. For a while calls of its own threads are still answered whenever `UnLoad()`
    /// waits, because it may wait for those threads; afterwards they are refused.
    pub fn part(&self) {
        self.stage.parts_at.get_or_init(|| Instant::now() + PARTING);
    }

    /// Whether its `UnLoad()` has been called.
    #[inline]
    pub fn is_parting(&self) -> bool {
        self.stage.parts_at.get().is_some()
    }

    /// Whether its own threads may not call the hub any more.
    #[inline]
    pub fn is_leaving(&self) -> bool {
        self.stage.leaving.load(Ordering::Acquire)
            || self.stage.parts_at.get().is_some_and(|&end| Instant::now() >= end)
    }

    /// From now on calls of its own threads are refused.
    pub fn leave(&self) {
        self.stage.leaving.store(true, Ordering::Release);
        host_queue::close_script(self.serial);
    }

    /// Whether nothing of it may call the hub any more.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.stage.closed.load(Ordering::Acquire)
    }

    /// Keeps everything of it from calling the hub.
    pub fn close(&self) {
        self.leave();
        self.stage.closed.store(true, Ordering::Release);
    }

    /// It has been unloaded.
    pub fn set_gone(&self) {
        self.stage.gone.store(true, Ordering::Release);
    }

    /// Whether it has been unloaded.
    #[inline]
    pub fn is_gone(&self) -> bool {
        self.stage.gone.load(Ordering::Acquire)
    }
}

impl Drop for ScriptInfo {
    fn drop(&mut self) {
        // This comes before the fields are dropped, because the crash handler would read them.
        self.moves_out();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{script, script_at};
    use crate::watchdog::Attempt;
    use vh_host::fake_hub::FakeHub;
    use vh_testing::told;

    #[test]
    fn a_script_is_known_by_its_file() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a\nb.py", "");
        assert_eq!(script.label, "3:a\\nb.py");
        assert_eq!(script.path(), Path::new("/there/is/no/such/folder/a\nb.py"));
        assert_eq!(script.path_bytes(), b"/there/is/no/such/folder/a\nb.py");
        assert_eq!(script.name_bytes(), b"a\nb.py");
        let crash_files = [c"/there/is/no/such/folder/vh_python_crash.txt".to_owned()];
        assert_eq!(script.crash_files(), crash_files);
        assert_eq!(script_at(0, PathBuf::from(".."), "").name_bytes(), b"..");
        let next = self::script(3, "a.py", "");
        assert!(next.serial > script.serial);
        assert!(clock::unix_time() - next.loaded_at() < 3600.0 && next.loaded_at() > 1e9);
    }

    #[test]
    fn the_hub_may_rename_its_bots() {
        let _hub = FakeHub::begin(|_| false);
        let request = Request { bot: Some(b"bot".to_vec()), ..Request::default() };
        let settings = Settings::read("", b"");
        let listening: &'static Listening = Box::leak(Box::default());
        let script = ScriptInfo::new(request, settings, Arc::default(), listening);
        assert_eq!((script.bot_nick(), script.op_chat_nick()), (Some(b"bot".to_vec()), None));
        script.rename_op_chat(b"ops");
        script.rename_bot(b"Bob");
        let nicks = (script.bot_nick(), script.op_chat_nick());
        assert_eq!(nicks, (Some(b"Bob".to_vec()), Some(b"ops".to_vec())));
    }

    #[test]
    fn an_unusable_result_of_a_hook_is_told_once() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        let complain = |hook| told(|| script.complain_once(hook, || format!("of {hook}"))).1;
        assert_eq!(complain(1), "WARN of 1 script=3:a.py\n");
        assert_eq!((complain(1).as_str(), complain(1).as_str()), ("", ""));
        assert_eq!(complain(40), "WARN of 40 script=3:a.py\n");
        assert_eq!((complain(1).as_str(), complain(40).as_str()), ("", ""));
    }

    #[test]
    fn calls_of_its_own_threads_are_counted() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        assert_eq!(script.thread_vh_calls(), 0);
        script.count_thread_vh_call();
        script.count_thread_vh_call();
        assert_eq!(script.thread_vh_calls(), 2);
    }

    #[derive(Debug)]
    struct Nowhere;

    impl Interrupt for Nowhere {
        fn interrupt(self: Arc<Self>, _: &Attempt) {}
    }

    #[test]
    fn it_runs_in_one_place_as_long_as_that_is_there() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        assert_eq!((script.runtime(), script.runtime_name()), (None, ""));
        assert!(script.interrupt().is_none());
        let place: Arc<dyn Interrupt> = Arc::new(Nowhere);
        script.moves_in(Runtime::Main, Arc::downgrade(&place), 1);
        assert_eq!((script.runtime(), script.runtime_name()), (Some(Runtime::Main), "main"));
        assert!(script.interrupt().is_some() && script.residence.lock().is_some());
        drop(place);
        assert!(script.interrupt().is_none());
        script.moves_out();
        assert!(script.residence.lock().is_none());
        script.becomes_stub();
        assert_eq!(script.runtime_name(), "stub");
    }

    #[test]
    fn it_parts_leaves_closes_and_is_gone() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        let stages = || {
            [
                script.is_live(),
                script.is_parting(),
                script.is_leaving(),
                script.is_closed(),
                script.is_gone(),
            ]
        };
        assert_eq!(stages(), [false; 5]);
        script.set_live(true);
        assert_eq!(stages(), [true, false, false, false, false]);
        script.set_live(false);
        let parts = Instant::now();
        script.part();
        assert!(script.is_parting() && (!script.is_leaving() || parts.elapsed() >= PARTING));
        let end = *script.stage.parts_at.get().unwrap();
        assert!((PARTING / 2..PARTING * 60).contains(&(end - parts)));
        script.leave();
        assert_eq!(stages(), [false, true, true, false, false]);
        script.close();
        assert_eq!(stages(), [false, true, true, true, false]);
        script.set_gone();
        assert_eq!(stages(), [false, true, true, true, true]);
    }

    #[test]
    fn its_threads_are_refused_some_time_after_it_parts() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        script.stage.parts_at.set(Instant::now()).unwrap();
        assert!(script.is_leaving());
        script.part();
        assert!(script.is_leaving(), "it has parted before");
    }

    fn nothing(_: u64) {}

    #[test]
    fn who_leaves_refuses_the_calls_of_its_threads_that_wait() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(3, "a.py", "");
        host_queue::open(nothing);
        host_queue::post_jobs(script.serial).unwrap();
        script.leave();
        assert!(!host_queue::is_pending());
        host_queue::post_jobs(script.serial).unwrap();
        script.close();
        assert!(!host_queue::is_pending() && script.is_closed());
        host_queue::close();
    }
}
