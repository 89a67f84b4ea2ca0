//! Interpreters: creating them, entering them from any thread, leaving and ending them.
//!
//! One thread state per (OS thread, interpreter), kept until the thread or the interpreter ends.
//! A thread never holds two interpreters at once: entering the second one leaves the first, so
//! that calls may nest in any order (script → hub → other script → hub → first script).
//!
//! Lock order: `Interpreter::entries` is the only lock here and is never held while Python runs.

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use pyo3_ffi as ffi;
use pyo3_ffi::{PyInterpreterState, PyThreadState};

use super::init::{self, Started};
use super::object::{Attached, Obj};
use super::sending::Receiver;
use super::ticker::Ticker;
use super::{gil_state, priming, report, scope, waiting};
use crate::panics::{catch, contain, destructor, point, strike};
use crate::{door, guard, spawn};

/// An interpreter that can be entered.
#[derive(Debug)]
pub struct Interpreter {
    state: *mut PyInterpreterState,
    /// The thread state it was created with. It stays until the end and is never used again: on
    /// 3.11 and 3.12 a thread state made when there is no other one aborts the process.
    first: *mut PyThreadState,
    /// Tells interpreters apart; addresses are used again.
    serial: u64,
    /// The thread states that OS threads keep for this interpreter.
    entries: Mutex<Vec<Arc<Entry>>>,
    /// Makes a busy script give way to others, where Python itself does not.
    ticker: Option<Ticker>,
    /// Calls so far, and calls that are inside now.
    pub(super) activity: Arc<Activity>,
    ended: AtomicBool,
    /// Threads that look into it from outside, and whether no more may come.
    visitors: AtomicUsize,
    closing: AtomicBool,
    /// The thread state that takes it apart at the moment, or NULL.
    janitor: AtomicPtr<PyThreadState>,
}

/// What goes on in an interpreter, for its ticker.
#[derive(Debug, Default)]
pub struct Activity {
    /// How often it was entered.
    pub calls: AtomicU64,
    /// How many threads of the host are inside.
    pub inside: AtomicUsize,
}

impl Activity {
    // Both are only called with the interpreter attached, so no two threads write at once, and an
    // addition that is atomic as a whole is not needed.

    #[inline]
    fn enter(&self) {
        self.calls.store(self.calls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.inside.store(self.inside.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline]
    fn leave(&self) {
        self.inside.store(self.inside.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
    }
}

// SAFETY: the interpreter state is only used through CPython functions that lock by themselves or
// while attached.
unsafe impl Send for Interpreter {}
// SAFETY: as above.
unsafe impl Sync for Interpreter {}

/// The thread state one OS thread keeps for one interpreter.
#[derive(Debug)]
struct Entry {
    thread_state: *mut PyThreadState,
    thread_id: u64,
    interpreter: Weak<Interpreter>,
    /// Who deletes the thread state: the ending thread or the ending interpreter, never both.
    fate: AtomicU8,
}

const IN_USE: u8 = 0;
const CLAIMED: u8 = 1;
const DELETED: u8 = 2;

// SAFETY: the thread state is used by the thread that made it, or by the one that claimed the
// entry through `fate`.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// What an OS thread keeps: its entries, and the interpreters it is inside of, outermost first.
#[derive(Debug)]
struct Thread {
    entries: Vec<Kept>,
    frames: Vec<Frame>,
}

/// An entry, and which interpreter it is for.
#[derive(Debug)]
struct Kept {
    serial: u64,
    entry: Arc<Entry>,
}

impl Thread {
    /// The thread state of the outermost call, and the one for an interpreter if there is one: that
    /// of a call that is inside it already, or the one that is kept.
    #[inline]
    fn look_up(&self, serial: u64) -> (Option<Frame>, Option<*mut PyThreadState>) {
        let outermost = self.frames.last().copied();
        let inside = self.frames.iter().rev().find(|frame| frame.serial == serial);
        let found = inside.map(|frame| frame.thread_state).or_else(|| {
            let kept = self.entries.iter().find(|kept| kept.serial == serial && !kept.is_deleted());
            kept.map(|kept| kept.entry.thread_state)
        });
        (outermost, found)
    }
}

impl Kept {
    fn is_deleted(&self) -> bool {
        self.entry.fate.load(Ordering::Acquire) == DELETED
    }
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    thread_state: *mut PyThreadState,
    serial: u64,
}

thread_local! {
    // No destructor here: Rust's would also run on the main thread at exit, where the host may
    // already be gone. The pthread key below runs only when a thread really ends.
    static THREAD: Cell<*mut Thread> = const { Cell::new(ptr::null_mut()) };
}

/// This thread's record. It stays where it is until the thread ends.
#[inline]
fn this_thread() -> *mut Thread {
    let record = THREAD.get();
    if record.is_null() { new_record() } else { record }
}

#[cold]
fn new_record() -> *mut Thread {
    let record = Box::into_raw(Box::new(Thread { entries: Vec::new(), frames: Vec::new() }));
    THREAD.set(record);
    // SAFETY: the key exists; the record is this thread's until `thread_ends` takes it.
    unsafe { libc::pthread_setspecific(exit_key(), record.cast()) };
    record
}

/// Lends this thread's record. The borrow must end before Python or the host runs.
fn with_thread<R>(body: impl FnOnce(&mut Thread) -> R) -> R {
    // SAFETY: only this thread uses its record, and `body` never comes back here.
    body(unsafe { &mut *this_thread() })
}

fn exit_key() -> libc::pthread_key_t {
    static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the destructor takes what `new_record` stored.
        let failed =
            unsafe { libc::pthread_key_create(&raw mut key, Some(destructor!(thread_ends))) };
        assert!(failed == 0, "no thread-local key left in this process");
        key
    })
}

/// An OS thread ends: its thread states go.
///
/// # Safety
/// `record` is what `new_record` stored for this thread.
unsafe fn thread_ends(record: *mut c_void) {
    // SAFETY: by contract.
    let thread = unsafe { Box::from_raw(record.cast::<Thread>()) };
    THREAD.with(|cell| cell.set(ptr::null_mut()));
    contain(point!("a thread's end: its slot"), guard::slot::thread_ends);
    contain(point!("a thread's end: its doors"), door::thread_ends);
    for Kept { entry, .. } in &thread.entries {
        contain(point!("a thread's end: a thread state"), || entry.thread_ends());
    }
}

impl Entry {
    /// Its thread ends.
    fn thread_ends(self: &Arc<Self>) {
        let Some(interpreter) = self.interpreter.upgrade() else { return };
        if !self.claim() {
            return;
        }
        // SAFETY: claimed, so nobody else deletes it, and the interpreter waits for its entries.
        unsafe {
            ffi::PyEval_RestoreThread(self.thread_state);
            gil_state::set(self.thread_state);
            ffi::PyThreadState_Clear(self.thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
        gil_state::set(ptr::null_mut());
        self.fate.store(DELETED, Ordering::Release);
        interpreter.forget(self);
    }

    fn claim(&self) -> bool {
        self.fate.compare_exchange(IN_USE, CLAIMED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// The thread state that is attached to this thread, or NULL.
fn attached_state() -> *mut PyThreadState {
    // SAFETY: may be asked at any time after initialization.
    unsafe { ffi::compat::PyThreadState_GetUnchecked() }
}

/// Every interpreter that can be entered.
static INTERPRETERS: Mutex<Vec<Weak<Interpreter>>> = Mutex::new(Vec::new());
/// The thread state that is attached to this thread, if one is: that of the outermost call, or one
/// of a host that embeds Python itself. Up to 3.11 `attached_state` may be another thread's.
fn attached_here(outermost: Option<Frame>, seen: *mut PyThreadState) -> Option<*mut PyThreadState> {
    let attached = attached_state();
    let own = outermost.map_or(seen, |frame| frame.thread_state);
    (!attached.is_null() && (cfg!(Py_3_12) || attached == own)).then_some(attached)
}

static MAIN: OnceLock<Arc<Interpreter>> = OnceLock::new();

/// Starts Python at the first call; afterwards it is left and ready to be entered.
///
/// It is started on a thread of its own that stays: Python then never takes a thread of the host
/// for its main thread, so that scripts cannot set signal handlers.
pub fn start() -> Result<(), String> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock();
    if MAIN.get().is_some() {
        return Ok(());
    }
    let (report, started) = std::sync::mpsc::channel();
    let run = move || {
        let started = catch(point!("starting Python"), start_here).unwrap_or_else(|caught| {
            caught.tell("Python is not started");
            Err(caught.what())
        });
        let has_started = started.is_ok();
        // The receiver waits for this message.
        let _ = report.send(started);
        if has_started {
            prepare_when_asked();
        }
        // Python takes this thread for its main thread.
        loop {
            std::thread::park();
        }
    };
    spawn::once(point!("python-main"), run)
        .map_err(|error| format!("no thread for it: {error}"))?;
    started.recv().map_err(|_| "its thread ended".to_owned())?
}

fn start_here() -> Result<(), String> {
    let started = init::start()?;
    // SAFETY: `Already` means the host embeds Python itself; taking its lock for the questions
    // below is what PyGILState_Ensure is for, and main is the interpreter it enters.
    unsafe {
        let ensured = (started == Started::Already).then(|| ffi::PyGILState_Ensure());
        let _leaves = Leaves(ensured);
        gil_state::find();
        let state = ffi::PyInterpreterState_Main();
        let ticker = NEEDS_TICKER.then(|| Ticker::new(state));
        let main = Interpreter::adopt(state, ticker, attached_state());
        let attached = Attached::assume();
        import_early(attached);
        priming::at_start(attached);
        waiting::take_place(attached);
        set_switch_interval(attached);
        strike!("starting Python: the main interpreter");
        MAIN.get_or_init(|| main);
    }
    Ok(())
}

/// Leaves the main interpreter when Python has been started, or could not: with what
/// `PyGILState_Ensure` gave, if that is how it was entered.
struct Leaves(Option<ffi::PyGILState_STATE>);

impl Drop for Leaves {
    fn drop(&mut self) {
        // SAFETY: attached by `start_here`, on this thread.
        unsafe {
            match self.0 {
                Some(state) => ffi::PyGILState_Release(state),
                None => {
                    ffi::PyEval_SaveThread();
                    gil_state::set(ptr::null_mut());
                }
            }
        }
    }
}

/// How long a busy thread keeps the lock when others want it, in seconds; Python's default is 0.005.
/// The hub's thread waits that long beside a busy script, several times over before 3.13, where the
/// ticker's turn comes first. Two busy threads lose a few percent to switching.
const SWITCH_INTERVAL: f64 = 0.0002;

/// Sets it in the attached interpreter.
fn set_switch_interval(attached: Attached<'_>) {
    let set = || {
        attached
            .import(c"sys")?
            .call_method(c"setswitchinterval", &[attached.float(SWITCH_INTERVAL)?])
    };
    if let Err(raised) = set() {
        report::log(attached, raised, "", "setting the switch interval");
    }
}

/// Imports what keeps scripts apart from the process and each other: `_signal` takes SIGINT over at
/// its first import, which is put back; `_datetime` here keeps several modules from crashing in own-gil
/// interpreters. Only the C modules, because what imports them takes more memory than a script.
fn import_early(attached: Attached<'_>) {
    let names: &[&CStr] = if cfg!(Py_3_12) { &[c"_signal", c"_datetime"] } else { &[c"_signal"] };
    // SAFETY: the structure is filled by the first call before the second reads it.
    unsafe {
        let mut host: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, ptr::null(), &raw mut host);
        for name in names {
            if let Err(raised) = attached.import(name) {
                report::log(attached, raised, "", &format!("importing {}", name.to_string_lossy()));
            }
        }
        libc::sigaction(libc::SIGINT, &raw const host, ptr::null_mut());
    }
}

/// Whether the main interpreter is ready for scripts.
static PREPARED: (Mutex<Preparation>, Condvar) =
    (Mutex::new(Preparation::NotAsked), Condvar::new());

#[derive(Clone, Copy, PartialEq, Eq)]
enum Preparation {
    NotAsked,
    Asked,
    Done,
    /// By a fault of the library; who asks again has it tried again.
    Failed,
}

/// Prepares the main interpreter once somebody asks for it: on Python's main thread, because
/// `threading` must be imported on a thread state that is never deleted.
fn prepare_when_asked() {
    let (preparation, changed) = &PREPARED;
    loop {
        changed.wait_while(&mut preparation.lock(), |now| *now != Preparation::Asked);
        let prepared = catch(point!("preparing the main interpreter"), prepare_here);
        let is_done = matches!(prepared, Ok(true));
        *preparation.lock() = if is_done { Preparation::Done } else { Preparation::Failed };
        changed.notify_all();
        match prepared {
            Ok(true) => return,
            // The log has the exception.
            Ok(false) => {}
            Err(caught) => caught.tell("it is tried again for the next script that needs it"),
        }
    }
}

/// Whether it is prepared; what was raised is logged.
fn prepare_here() -> bool {
    let entered = main().enter();
    let attached = entered.attached();
    let prepared = attached.import(c"threading").and_then(|_| scope::prepare_main(attached));
    prepared
        .map_err(|raised| report::log(attached, raised, "", "preparing the main interpreter"))
        .is_ok()
}

/// The main interpreter, to run scripts' code in; only after `start`. Most hubs never need what is
/// prepared for that.
pub fn main_for_scripts() -> Result<&'static Arc<Interpreter>, String> {
    let (preparation, changed) = &PREPARED;
    // A host that embeds Python itself may have it attached.
    let outermost = with_thread(|thread| thread.frames.last().copied());
    let seen = gil_state::get();
    let suspended = attached_here(outermost, seen);
    if suspended.is_some() {
        // SAFETY: attached, and entered again below.
        unsafe { ffi::PyEval_SaveThread() };
    }
    let mut now = preparation.lock();
    if matches!(*now, Preparation::NotAsked | Preparation::Failed) {
        *now = Preparation::Asked;
        changed.notify_all();
    }
    changed.wait_while(&mut now, |now| *now == Preparation::Asked);
    let is_done = *now == Preparation::Done;
    drop(now);
    if let Some(suspended) = suspended {
        // SAFETY: what was attached before.
        unsafe { ffi::PyEval_RestoreThread(suspended) };
        gil_state::set(seen);
    }
    let failed = || "the main interpreter cannot be prepared by a fault of the library";
    if is_done { Ok(main()) } else { Err(failed().to_owned()) }
}

/// The main interpreter; only after `start`.
pub fn main() -> &'static Arc<Interpreter> {
    MAIN.get().expect("start() came first")
}

impl Interpreter {
    fn adopt(
        state: *mut PyInterpreterState,
        ticker: Option<Ticker>,
        first: *mut PyThreadState,
    ) -> Arc<Interpreter> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let interpreter = Arc::new(Interpreter {
            state,
            first,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            entries: Mutex::new(Vec::new()),
            activity: ticker.as_ref().map(Ticker::activity).unwrap_or_default(),
            ticker,
            ended: AtomicBool::new(false),
            visitors: AtomicUsize::new(0),
            closing: AtomicBool::new(false),
            janitor: AtomicPtr::new(ptr::null_mut()),
        });
        let mut all = INTERPRETERS.lock();
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&interpreter));
        drop(all);
        interpreter
    }

    /// A new sub-interpreter.
    pub fn create(lock: Lock) -> Result<Arc<Interpreter>, String> {
        let main = main().enter();
        // SAFETY: main is attached; the new thread state becomes current and main's is put back.
        let created = unsafe {
            let outer = attached_state();
            let thread_state = create_sub(lock);
            if thread_state.is_null() {
                None
            } else {
                gil_state::set(thread_state);
                if lock == Lock::Own {
                    set_switch_interval(Attached::assume());
                }
                let state = ffi::PyThreadState_GetInterpreter(thread_state);
                let ticker = (lock == Lock::Shared && NEEDS_TICKER).then(|| Ticker::new(state));
                let interpreter = Interpreter::adopt(state, ticker, thread_state);
                switch_back(outer);
                gil_state::set(outer);
                Some(interpreter)
            }
        };
        drop(main);
        created.ok_or_else(|| "Python could not create a sub-interpreter".to_owned())
    }

    /// Where its state is: tells it from others that are there at the same time.
    pub fn address(&self) -> usize {
        self.state as usize
    }

    /// Keeps a thread state as this thread's for this interpreter.
    fn record(self: &Arc<Self>, thread_state: *mut PyThreadState) {
        let entry = Arc::new(Entry {
            thread_state,
            // SAFETY: always allowed. Python identifies threads by the same number.
            thread_id: unsafe { libc::pthread_self() } as u64,
            interpreter: Arc::downgrade(self),
            fate: AtomicU8::new(IN_USE),
        });
        self.entries.lock().push(Arc::clone(&entry));
        with_thread(|thread| {
            thread.entries.retain(|kept| !kept.is_deleted());
            thread.entries.push(Kept { serial: self.serial, entry });
        });
    }

    /// Makes a thread state for this thread.
    #[cold]
    fn new_thread_state(self: &Arc<Self>) -> *mut PyThreadState {
        // SAFETY: the interpreter is alive: whoever enters counts as inside its script.
        let thread_state = unsafe { ffi::PyThreadState_New(self.state) };
        self.record(thread_state);
        thread_state
    }

    fn forget(&self, entry: &Arc<Entry>) {
        self.entries.lock().retain(|kept| !Arc::ptr_eq(kept, entry));
    }

    /// Attaches this interpreter to this thread until the guard is dropped.
    ///
    /// The interpreter must not end meanwhile: callers count themselves into its script first.
    pub fn enter(self: &Arc<Self>) -> Entered<'_> {
        assert!(!self.ended.load(Ordering::Acquire), "entering an interpreter that has ended");
        let thread = this_thread();
        // SAFETY: only this thread uses its record, and the borrow ends here.
        let (outermost, found) = unsafe { (*thread).look_up(self.serial) };
        // Looked at first: making a thread state sets the key, up to 3.11, and what is put back at the
        // end must not outlive that thread state.
        let seen_before = gil_state::get();
        let suspended = attached_here(outermost, seen_before);
        let thread_state = found.unwrap_or_else(|| self.new_thread_state());
        if suspended != Some(thread_state) {
            // SAFETY: what is attached to this thread is left before the next one is entered, and
            // entered again when the guard is dropped.
            unsafe {
                if suspended.is_some() {
                    ffi::PyEval_SaveThread();
                }
                ffi::PyEval_RestoreThread(thread_state);
            }
            gil_state::set(thread_state);
        }
        // SAFETY: as above.
        unsafe { (*thread).frames.push(Frame { thread_state, serial: self.serial }) };
        self.activity.enter();
        let entered = Entered {
            thread,
            activity: &self.activity,
            thread_state,
            suspended,
            seen_before,
            not_send: PhantomData,
        };
        strike!("an interpreter was entered");
        entered
    }

    /// Attaches a fresh thread state, for taking the interpreter apart: the ones that threads keep
    /// are deleted while that is done. Nobody is inside and nobody will enter any more.
    pub fn janitor(self: &Arc<Self>) -> Janitor {
        let outermost = with_thread(|thread| thread.frames.last().copied());
        let seen_before = gil_state::get();
        let suspended = attached_here(outermost, seen_before);
        // SAFETY: the interpreter is alive; what is attached to this thread is left before.
        let thread_state = unsafe {
            let thread_state = ffi::PyThreadState_New(self.state);
            if suspended.is_some() {
                ffi::PyEval_SaveThread();
            }
            ffi::PyEval_RestoreThread(thread_state);
            thread_state
        };
        gil_state::set(thread_state);
        self.janitor.store(thread_state, Ordering::Release);
        with_thread(|thread| thread.frames.push(Frame { thread_state, serial: self.serial }));
        let janitor = Janitor {
            interpreter: Arc::clone(self),
            thread_state,
            suspended,
            seen_before,
            not_send: PhantomData,
        };
        strike!("an interpreter is taken apart");
        janitor
    }

    /// Lets a thread enter that no call of the host keeps the interpreter alive for; None when it
    /// is about to end.
    pub fn visit(self: &Arc<Self>) -> Option<Visit> {
        self.visitors.fetch_add(1, Ordering::SeqCst);
        let visit = Visit(Arc::clone(self));
        (!self.closing.load(Ordering::SeqCst)).then_some(visit)
    }

    /// Waits until nobody visits; nobody will any more, until `closing` is taken back.
    ///
    /// # Safety
    /// `janitor` is attached.
    unsafe fn close(&self, janitor: *mut PyThreadState) {
        self.closing.store(true, Ordering::SeqCst);
        while self.visitors.load(Ordering::SeqCst) > 0 {
            // SAFETY: by contract.
            unsafe {
                ffi::PyEval_SaveThread();
                std::thread::sleep(Duration::from_micros(300));
                ffi::PyEval_RestoreThread(janitor);
            }
        }
    }

    /// How to send an exception to a thread of the host that is inside. Attached.
    pub fn receiver(&self, attached: Attached<'_>, thread: u64) -> Receiver {
        let state = match self.thread_state_of(attached, thread) {
            Some((state, _)) => state,
            None => {
                let janitor = self.janitor.load(Ordering::Acquire);
                if janitor.is_null() { self.kept_by(thread) } else { janitor }
            }
        };
        Receiver { thread, state }
    }

    /// The thread state that a thread of the host keeps here, or NULL.
    fn kept_by(&self, thread_id: u64) -> *mut PyThreadState {
        let entries = self.entries.lock();
        let entry = entries.iter().find(|entry| entry.thread_id == thread_id);
        entry.map_or(ptr::null_mut(), |entry| entry.thread_state)
    }

    /// The thread state of a thread of the host that is inside, and its innermost frame. Attached.
    pub fn thread_state_of<'a>(
        &self,
        attached: Attached<'a>,
        thread_id: u64,
    ) -> Option<(*mut PyThreadState, Obj<'a>)> {
        let kept = self.kept_by(thread_id);
        // Nobody else is inside while it is taken apart.
        [kept, self.janitor.load(Ordering::Acquire)].into_iter().find_map(|thread_state| {
            if thread_state.is_null() {
                return None;
            }
            // SAFETY: attached, so that the thread stands still, and its thread state stays; a strong
            // reference or NULL.
            let frame = unsafe { attached.take(ffi::PyThreadState_GetFrame(thread_state).cast()) };
            frame.ok().map(|frame| (thread_state, frame))
        })
    }

    /// Whether a thread of the host keeps a thread state here, idle between calls.
    pub fn is_kept_by(&self, thread_id: u64) -> bool {
        self.entries.lock().iter().any(|entry| entry.thread_id == thread_id)
    }

    /// Thread states that Python made for threads of the script. Attached.
    fn foreign_threads(&self) -> Vec<*mut PyThreadState> {
        let entries = self.entries.lock();
        let ticker = self.ticker.as_ref().map_or(ptr::null_mut(), Ticker::thread_state);
        let current = attached_state();
        let mut foreign = Vec::new();
        // SAFETY: this interpreter is attached, so thread states are not deleted while the list is
        // walked.
        unsafe {
            let mut thread_state = ffi::PyInterpreterState_ThreadHead(self.state);
            while !thread_state.is_null() {
                let ours = thread_state == current
                    || thread_state == self.first
                    || thread_state == ticker
                    || entries.iter().any(|entry| entry.thread_state == thread_state);
                if !ours {
                    foreign.push(thread_state);
                }
                thread_state = ffi::PyThreadState_Next(thread_state);
            }
        }
        foreign
    }

    /// Deletes the thread states that threads keep for this interpreter; an ending thread may be
    /// deleting its own at this moment and is waited for.
    ///
    /// # Safety
    /// `janitor` is attached and nobody is inside.
    unsafe fn delete_entries(self: &Arc<Self>, janitor: *mut PyThreadState) {
        loop {
            let entry = match self.entries.lock().first() {
                None => return,
                Some(entry) => Arc::clone(entry),
            };
            // SAFETY: claimed entries are idle and nobody else deletes them; attached.
            unsafe {
                if entry.claim() {
                    ffi::PyThreadState_Clear(entry.thread_state);
                    ffi::PyThreadState_Delete(entry.thread_state);
                    // Deleting resets the key on some versions.
                    gil_state::set(janitor);
                    entry.fate.store(DELETED, Ordering::Release);
                    self.forget(&entry);
                } else {
                    ffi::PyEval_SaveThread();
                    std::thread::sleep(Duration::from_micros(300));
                    ffi::PyEval_RestoreThread(janitor);
                }
            }
        }
    }
}

/// A thread that looks into an interpreter, which does not end meanwhile.
#[derive(Debug)]
pub struct Visit(Arc<Interpreter>);

impl Visit {
    /// The interpreter, to be entered.
    pub fn interpreter(&self) -> &Arc<Interpreter> {
        &self.0
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.visitors.fetch_sub(1, Ordering::SeqCst);
    }
}

/// An interpreter attached to this thread by a thread state of its own, for taking it apart.
#[derive(Debug)]
pub struct Janitor {
    interpreter: Arc<Interpreter>,
    /// NULL when it is deleted.
    thread_state: *mut PyThreadState,
    suspended: Option<*mut PyThreadState>,
    /// What the PyGILState functions saw before.
    seen_before: *mut PyThreadState,
    not_send: PhantomData<*mut ()>,
}

impl Janitor {
    /// The proof for everything that works with objects.
    pub fn attached(&self) -> Attached<'_> {
        // SAFETY: attached until this value is gone; `'_` ends before.
        unsafe { Attached::assume() }
    }

    /// How many threads the script started that still run.
    pub fn foreign_threads(&self) -> usize {
        self.interpreter.foreign_threads().len()
    }

    /// Ends the interpreter. No foreign thread is left.
    pub fn end(mut self) {
        self.interpreter.janitor.store(ptr::null_mut(), Ordering::Release);
        // SAFETY: attached; the thread states of others are idle or gone.
        unsafe {
            if let Some(ticker) = &self.interpreter.ticker {
                ffi::PyEval_SaveThread();
                ticker.stop();
                ffi::PyEval_RestoreThread(self.thread_state);
            }
            self.interpreter.close(self.thread_state);
            self.interpreter.delete_entries(self.thread_state);
            ffi::PyThreadState_Clear(self.interpreter.first);
            ffi::PyThreadState_Delete(self.interpreter.first);
            gil_state::set(self.thread_state);
            self.interpreter.ended.store(true, Ordering::Release);
            ffi::Py_EndInterpreter(self.thread_state);
            self.thread_state = ptr::null_mut();
            release_lock_after_end();
        }
    }

    /// Leaves the interpreter to rest until its script is loaded again; it has been swept.
    pub fn rest(self) -> Arc<Interpreter> {
        // SAFETY: attached; nobody is inside, and the thread states of others are idle.
        unsafe {
            self.interpreter.close(self.thread_state);
            self.interpreter.delete_entries(self.thread_state);
        }
        self.interpreter.closing.store(false, Ordering::SeqCst);
        let interpreter = Arc::clone(&self.interpreter);
        self.leave();
        interpreter
    }

    /// Leaves the interpreter as it is.
    pub fn leave(self) {
        // That is what dropping it does.
        drop(self);
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        if !self.thread_state.is_null() {
            self.interpreter.janitor.store(ptr::null_mut(), Ordering::Release);
            // SAFETY: attached; the thread state is this value's own.
            unsafe {
                ffi::PyThreadState_Clear(self.thread_state);
                ffi::PyThreadState_DeleteCurrent();
            }
        }
        with_thread(|thread| thread.frames.pop());
        if let Some(suspended) = self.suspended {
            // SAFETY: what was attached before; nothing is now.
            unsafe { ffi::PyEval_RestoreThread(suspended) };
        }
        gil_state::set(self.seen_before);
    }
}

/// Whose lock a sub-interpreter runs under.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lock {
    /// The main interpreter's.
    Shared,
    /// Its own; from Python 3.12 on.
    Own,
}

/// Before 3.13 an interpreter that waits for the shared lock only asks itself for it.
const NEEDS_TICKER: bool = cfg!(not(Py_3_13));

/// NULL when it fails. The main interpreter is attached.
#[cfg(not(Py_3_12))]
unsafe fn create_sub(lock: Lock) -> *mut PyThreadState {
    match lock {
        // SAFETY: the main interpreter is attached.
        Lock::Shared => unsafe { ffi::Py_NewInterpreter() },
        Lock::Own => ptr::null_mut(),
    }
}

/// NULL when it fails. The main interpreter is attached.
#[cfg(Py_3_12)]
unsafe fn create_sub(lock: Lock) -> *mut PyThreadState {
    let own = lock == Lock::Own;
    let config = ffi::PyInterpreterConfig {
        use_main_obmalloc: i32::from(!own),
        allow_fork: i32::from(!own),
        allow_exec: i32::from(!own),
        allow_threads: 1,
        allow_daemon_threads: 1,
        // From 3.13 on, extension modules that crash in a second interpreter can be refused
        // cleanly without hurting those of the standard library.
        check_multi_interp_extensions: i32::from(own || cfg!(Py_3_13)),
        gil: if own {
            ffi::PyInterpreterConfig_OWN_GIL
        } else {
            ffi::PyInterpreterConfig_SHARED_GIL
        },
    };
    let mut thread_state = ptr::null_mut();
    // SAFETY: the main interpreter is attached; both pointers are local variables.
    unsafe {
        let status = ffi::Py_NewInterpreterFromConfig(&raw mut thread_state, &raw const config);
        if ffi::PyStatus_Exception(status) != 0 { ptr::null_mut() } else { thread_state }
    }
}

/// Leaves the interpreter just created and attaches `outer` again.
unsafe fn switch_back(outer: *mut PyThreadState) {
    // SAFETY: both belong to this thread. From 3.12 on the two may have different locks.
    unsafe {
        if cfg!(Py_3_12) {
            ffi::PyEval_SaveThread();
            ffi::PyEval_RestoreThread(outer);
        } else {
            ffi::PyThreadState_Swap(outer);
        }
    }
}

/// Up to 3.11 the lock is still held, with nothing attached, after an interpreter has ended.
#[cfg(not(Py_3_12))]
unsafe fn release_lock_after_end() {
    // SAFETY: a thread state of the main interpreter gives the lock back as it goes.
    unsafe {
        let thread_state = ffi::PyThreadState_New(main().state);
        ffi::PyThreadState_Swap(thread_state);
        ffi::PyThreadState_Clear(thread_state);
        ffi::PyThreadState_DeleteCurrent();
    }
}

#[cfg(Py_3_12)]
unsafe fn release_lock_after_end() {}

/// An interpreter attached to this thread; dropping it leaves the interpreter and puts back what
/// was attached before.
#[derive(Debug)]
pub struct Entered<'i> {
    /// The record of this thread.
    thread: *mut Thread,
    activity: &'i Activity,
    thread_state: *mut PyThreadState,
    suspended: Option<*mut PyThreadState>,
    /// What the PyGILState functions saw before.
    seen_before: *mut PyThreadState,
    not_send: PhantomData<*mut ()>,
}

impl Entered<'_> {
    /// The proof for everything that works with objects.
    pub fn attached(&self) -> Attached<'_> {
        // SAFETY: attached until this guard is dropped; `'_` ends before.
        unsafe { Attached::assume() }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.activity.leave();
        // SAFETY: the record of this thread, which the value cannot leave.
        unsafe { (*self.thread).frames.pop() };
        if self.suspended == Some(self.thread_state) {
            return;
        }
        // SAFETY: this guard attached its thread state; what it left is entered again.
        unsafe {
            ffi::PyEval_SaveThread();
            if let Some(suspended) = self.suspended {
                ffi::PyEval_RestoreThread(suspended);
            }
        }
        gil_state::set(self.seen_before);
    }
}

/// Leaves the attached interpreter while `body` runs, for calls to the host.
pub fn detached<R>(_: Attached<'_>, body: impl FnOnce() -> R) -> R {
    struct Again(*mut PyThreadState);
    impl Drop for Again {
        fn drop(&mut self) {
            // SAFETY: the thread state that was attached before `body`.
            unsafe { ffi::PyEval_RestoreThread(self.0) };
            if gil_state::get() != self.0 {
                gil_state::set(self.0);
            }
        }
    }
    // SAFETY: attached, as the argument proves; its borrower cannot use objects meanwhile because
    // `body` cannot get hold of the proof.
    let again = Again(unsafe { ffi::PyEval_SaveThread() });
    strike!("an interpreter was left");
    let result = body();
    drop(again);
    result
}

/// How to send an exception to this thread.
pub fn receiver_here(_: Attached<'_>) -> Receiver {
    // SAFETY: always allowed. Python identifies threads by the same number.
    Receiver { thread: unsafe { libc::pthread_self() } as u64, state: attached_state() }
}

/// Innermost frames of the threads that Python started in the attached interpreter.
pub fn thread_frames(attached: Attached<'_>) -> Vec<Obj<'_>> {
    // SAFETY: attached; the function gives strong references or NULL.
    let frames = |interpreter: &Interpreter| unsafe {
        let states = interpreter.foreign_threads().into_iter();
        states
            .filter_map(|state| attached.take(ffi::PyThreadState_GetFrame(state).cast()).ok())
            .collect()
    };
    // SAFETY: attached.
    let state = unsafe { ffi::PyInterpreterState_Get() };
    let all: Vec<_> = INTERPRETERS.lock().iter().filter_map(Weak::upgrade).collect();
    let current = all.iter().find(|interpreter| {
        interpreter.state == state && !interpreter.ended.load(Ordering::Acquire)
    });
    current.map(|interpreter| frames(interpreter)).unwrap_or_default()
}

/// The address of the interpreter that this thread belongs to, if Python knows the thread: one that a
/// script started, above all. It may be asked in a signal handler: two fields are read, no lock is
/// taken.
pub fn of_this_thread() -> Option<usize> {
    // SAFETY: may be asked at any time; the thread state of a thread stays as long as the thread runs
    // in Python.
    unsafe {
        let thread_state = ffi::PyGILState_GetThisThreadState();
        (!thread_state.is_null()).then(|| ffi::PyThreadState_GetInterpreter(thread_state) as usize)
    }
}

/// Whether the process has interpreters beside the main one, whoever made them.
pub fn has_others() -> bool {
    // SAFETY: the list is read under its own lock; the newest comes first, the main one last.
    unsafe { ffi::PyInterpreterState_Head() != ffi::PyInterpreterState_Main() }
}

/// Whether this thread is inside a call from the host, and not on a thread of Python's own.
pub fn inside_host_call() -> bool {
    with_thread(|thread| !thread.frames.is_empty())
}
