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
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3_ffi as ffi;
use pyo3_ffi::{PyInterpreterState, PyThreadState};

use super::init::{self, Started};
use super::object::Attached;
use super::report;

/// An interpreter that can be entered.
#[derive(Debug)]
pub struct Interpreter {
    state: *mut PyInterpreterState,
    /// Tells interpreters apart; addresses are used again.
    serial: u64,
    /// The thread states that OS threads keep for this interpreter.
    entries: Mutex<Vec<Arc<Entry>>>,
    ended: AtomicBool,
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
    serial: u64,
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
struct Thread {
    entries: Vec<Arc<Entry>>,
    frames: Vec<Frame>,
}

#[derive(Clone, Copy)]
struct Frame {
    thread_state: *mut PyThreadState,
    serial: u64,
}

thread_local! {
    // No destructor here: Rust's would also run on the main thread at exit, where the host may
    // already be gone. The pthread key below runs only when a thread really ends.
    static THREAD: Cell<*mut Thread> = const { Cell::new(ptr::null_mut()) };
}

/// This thread's record. The borrow must end before Python or the host runs.
fn with_thread<R>(body: impl FnOnce(&mut Thread) -> R) -> R {
    THREAD.with(|cell| {
        if cell.get().is_null() {
            cell.set(Box::into_raw(Box::new(Thread { entries: Vec::new(), frames: Vec::new() })));
            // SAFETY: the key exists; the record is this thread's until `thread_ends` takes it.
            unsafe { libc::pthread_setspecific(exit_key(), cell.get().cast()) };
        }
        // SAFETY: only this thread uses its record, and `body` never comes back here.
        body(unsafe { &mut *cell.get() })
    })
}

fn exit_key() -> libc::pthread_key_t {
    static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the destructor takes what `with_thread` stored.
        let failed = unsafe { libc::pthread_key_create(&raw mut key, Some(thread_ends)) };
        assert!(failed == 0, "no thread-local key left in this process");
        key
    })
}

/// An OS thread ends: its thread states go.
unsafe extern "C" fn thread_ends(record: *mut c_void) {
    // SAFETY: `with_thread` stored the record of this thread.
    let thread = unsafe { Box::from_raw(record.cast::<Thread>()) };
    THREAD.with(|cell| cell.set(ptr::null_mut()));
    for entry in &thread.entries {
        let Some(interpreter) = entry.interpreter.upgrade() else { continue };
        if !entry.claim() {
            continue;
        }
        // SAFETY: claimed, so nobody else deletes it, and the interpreter waits for its entries.
        unsafe {
            ffi::PyEval_RestoreThread(entry.thread_state);
            gil_state::set(entry.thread_state);
            ffi::PyThreadState_Clear(entry.thread_state);
            ffi::PyThreadState_DeleteCurrent();
        }
        gil_state::set(ptr::null_mut());
        entry.fate.store(DELETED, Ordering::Release);
        interpreter.forget(entry);
    }
}

impl Entry {
    fn claim(&self) -> bool {
        self.fate.compare_exchange(IN_USE, CLAIMED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// The PyGILState functions remember one thread state per thread in a pthread key. C extensions
/// that use them deadlock or crash in sub-interpreters unless that key follows what is attached.
mod gil_state {
    use super::{AtomicI32, Ordering, PyThreadState, ffi};

    static KEY: AtomicI32 = AtomicI32::new(-1);
    /// Keys glibc can hand out.
    const KEYS: i32 = 1024;

    /// Finds the key by its value, and proves it by taking the value away. Newer versions of
    /// CPython use another store, which is not found and needs no help.
    pub fn find() {
        // SAFETY: reading any key is allowed; the one that is changed is put back at once.
        unsafe {
            let current = ffi::PyGILState_GetThisThreadState();
            let holds = |key: &i32| {
                let key = *key as libc::pthread_key_t;
                libc::pthread_getspecific(key) == current.cast() && {
                    libc::pthread_setspecific(key, std::ptr::null());
                    let gone = ffi::PyGILState_GetThisThreadState().is_null();
                    libc::pthread_setspecific(key, current.cast());
                    gone
                }
            };
            if !current.is_null()
                && let Some(key) = (0..KEYS).find(holds)
            {
                KEY.store(key, Ordering::Relaxed);
            }
        }
    }

    /// Makes the PyGILState functions see this thread state.
    pub fn set(thread_state: *mut PyThreadState) {
        let key = KEY.load(Ordering::Relaxed);
        if key >= 0 {
            // SAFETY: the key of CPython, as `find` proved; the value is of the kind it keeps.
            unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, thread_state.cast()) };
        }
    }
}

/// The thread state that is attached to this thread, or NULL.
fn attached_state() -> *mut PyThreadState {
    // SAFETY: may be asked at any time after initialization.
    unsafe { ffi::compat::PyThreadState_GetUnchecked() }
}

static MAIN: OnceLock<Arc<Interpreter>> = OnceLock::new();

/// Starts Python at the first call; afterwards it is left and ready to be entered.
pub fn start() -> Result<(), String> {
    if MAIN.get().is_some() {
        return Ok(());
    }
    let started = init::start()?;
    // SAFETY: `Already` means the host embeds Python itself; taking its lock for the questions
    // below is what PyGILState_Ensure is for, and main is the interpreter it enters.
    unsafe {
        let ensured = (started == Started::Already).then(|| ffi::PyGILState_Ensure());
        gil_state::find();
        let main = Interpreter::adopt(ffi::PyInterpreterState_Main());
        import_early(Attached::assume());
        MAIN.get_or_init(|| main);
        match ensured {
            Some(state) => ffi::PyGILState_Release(state),
            None => {
                ffi::PyEval_SaveThread();
                gil_state::set(ptr::null_mut());
            }
        }
    }
    Ok(())
}

/// Imports what must be imported on a thread state that stays, or changes the process: `signal`
/// takes SIGINT over at its first import, which is put back.
fn import_early(attached: Attached<'_>) {
    // SAFETY: the structure is filled by the first call before the second reads it.
    unsafe {
        let mut host: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGINT, ptr::null(), &raw mut host);
        for name in [c"signal", c"threading"] {
            if let Err(raised) = attached.import(name) {
                report::log(attached, raised, "", &format!("importing {}", name.to_string_lossy()));
            }
        }
        libc::sigaction(libc::SIGINT, &raw const host, ptr::null_mut());
    }
}

/// The main interpreter; only after `start`.
pub fn main() -> &'static Arc<Interpreter> {
    MAIN.get().expect("start() came first")
}

impl Interpreter {
    fn adopt(state: *mut PyInterpreterState) -> Arc<Interpreter> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        Arc::new(Interpreter {
            state,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            entries: Mutex::new(Vec::new()),
            ended: AtomicBool::new(false),
        })
    }

    /// Creates a sub-interpreter that shares the main interpreter's lock.
    pub fn new_sub() -> Result<Arc<Interpreter>, String> {
        let main = main().enter();
        // SAFETY: main is attached; the new thread state becomes current, is recorded as this
        // thread's own for the new interpreter, and main's is put back.
        let created = unsafe {
            let outer = attached_state();
            let thread_state = create_sub();
            if thread_state.is_null() {
                None
            } else {
                let state = ffi::PyThreadState_GetInterpreter(thread_state);
                let interpreter = Interpreter::adopt(state);
                interpreter.record(thread_state);
                ffi::PyThreadState_Swap(outer);
                gil_state::set(outer);
                Some(interpreter)
            }
        };
        drop(main);
        created.ok_or_else(|| "Python could not create a sub-interpreter".to_owned())
    }

    /// Keeps a thread state as this thread's for this interpreter.
    fn record(self: &Arc<Self>, thread_state: *mut PyThreadState) {
        let entry = Arc::new(Entry {
            thread_state,
            serial: self.serial,
            interpreter: Arc::downgrade(self),
            fate: AtomicU8::new(IN_USE),
        });
        self.entries.lock().push(Arc::clone(&entry));
        with_thread(|thread| thread.entries.push(entry));
    }

    /// This thread's thread state for this interpreter.
    fn thread_state(self: &Arc<Self>) -> *mut PyThreadState {
        let kept = with_thread(|thread| {
            thread.entries.retain(|entry| entry.fate.load(Ordering::Acquire) != DELETED);
            thread.entries.iter().find(|e| e.serial == self.serial).map(|e| e.thread_state)
        });
        kept.unwrap_or_else(|| {
            // SAFETY: the interpreter is alive: whoever enters counts as inside its script.
            let thread_state = unsafe { ffi::PyThreadState_New(self.state) };
            self.record(thread_state);
            thread_state
        })
    }

    fn forget(&self, entry: &Arc<Entry>) {
        self.entries.lock().retain(|kept| !Arc::ptr_eq(kept, entry));
    }

    /// Attaches this interpreter to this thread until the guard is dropped.
    ///
    /// The interpreter must not end meanwhile: callers count themselves into its script first.
    pub fn enter(self: &Arc<Self>) -> Entered {
        assert!(!self.ended.load(Ordering::Acquire), "entering an interpreter that has ended");
        let (outermost, same) = with_thread(|thread| {
            (
                thread.frames.last().copied(),
                thread.frames.iter().rev().find(|f| f.serial == self.serial).copied(),
            )
        });
        let suspended = outermost
            .map(|frame| frame.thread_state)
            .filter(|&thread_state| attached_state() == thread_state);
        let thread_state = same.map_or_else(|| self.thread_state(), |frame| frame.thread_state);
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
        with_thread(|thread| thread.frames.push(Frame { thread_state, serial: self.serial }));
        Entered { thread_state, suspended, not_send: PhantomData }
    }

    /// Ends a sub-interpreter. Nobody is inside and nobody will enter it any more. Waits until
    /// `deadline` for threads its script started; when some stay, the interpreter is set aside for
    /// good and their number is returned.
    pub fn end(self: &Arc<Self>, deadline: Instant) -> Result<(), usize> {
        // SAFETY: the interpreter is alive. A fresh thread state: the ones that threads keep are
        // deleted below. Nothing of this thread is attached: unloading waits for depth zero.
        let janitor = unsafe { ffi::PyThreadState_New(self.state) };
        let outer = with_thread(|thread| thread.frames.last().copied())
            .map(|frame| frame.thread_state)
            .filter(|&thread_state| attached_state() == thread_state);
        // SAFETY: as above; the janitor belongs to this thread.
        let ended = unsafe {
            if outer.is_some() {
                ffi::PyEval_SaveThread();
            }
            ffi::PyEval_RestoreThread(janitor);
            gil_state::set(janitor);
            let ended = self.end_attached(janitor, deadline);
            if let Some(outer) = outer {
                ffi::PyEval_RestoreThread(outer);
            }
            ended
        };
        gil_state::set(outer.unwrap_or(ptr::null_mut()));
        ended
    }

    /// # Safety
    /// `janitor` is a thread state of this interpreter, attached to this thread; it is deleted.
    unsafe fn end_attached(
        self: &Arc<Self>,
        janitor: *mut PyThreadState,
        deadline: Instant,
    ) -> Result<(), usize> {
        // SAFETY: attached, by contract.
        unsafe {
            let left = self.wait_for_threads(janitor, deadline);
            if left > 0 {
                ffi::PyThreadState_Clear(janitor);
                ffi::PyThreadState_DeleteCurrent();
                return Err(left);
            }
            finish_modules(Attached::assume());
            // Exit functions may have started threads.
            let left = self.foreign_threads(janitor);
            if left > 0 {
                ffi::PyThreadState_Clear(janitor);
                ffi::PyThreadState_DeleteCurrent();
                return Err(left);
            }
            self.delete_entries(janitor);
            self.ended.store(true, Ordering::Release);
            ffi::Py_EndInterpreter(janitor);
            release_lock_after_end();
        }
        Ok(())
    }

    /// Waits until only the janitor and idle entries are left; returns how many others there are.
    ///
    /// # Safety
    /// `janitor` is attached.
    unsafe fn wait_for_threads(&self, janitor: *mut PyThreadState, deadline: Instant) -> usize {
        loop {
            let left = self.foreign_threads(janitor);
            if left == 0 || Instant::now() >= deadline {
                return left;
            }
            // SAFETY: attached, by contract.
            unsafe {
                ffi::PyEval_SaveThread();
                std::thread::sleep(Duration::from_millis(5));
                ffi::PyEval_RestoreThread(janitor);
            }
        }
    }

    /// Thread states that Python made for threads of the script.
    fn foreign_threads(&self, janitor: *mut PyThreadState) -> usize {
        let entries = self.entries.lock();
        let mut count = 0;
        // SAFETY: an interpreter of this process is attached, so thread states are neither made
        // nor deleted while the list is walked.
        unsafe {
            let mut thread_state = ffi::PyInterpreterState_ThreadHead(self.state);
            while !thread_state.is_null() {
                let ours = thread_state == janitor
                    || entries.iter().any(|entry| entry.thread_state == thread_state);
                count += usize::from(!ours);
                thread_state = ffi::PyThreadState_Next(thread_state);
            }
        }
        count
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

#[cfg(not(Py_3_13))]
unsafe fn create_sub() -> *mut PyThreadState {
    // SAFETY: the main interpreter is attached.
    unsafe { ffi::Py_NewInterpreter() }
}

/// From 3.13 on, extension modules that crash in a second interpreter can be refused cleanly
/// without hurting those of the standard library.
#[cfg(Py_3_13)]
unsafe fn create_sub() -> *mut PyThreadState {
    let config = ffi::PyInterpreterConfig {
        use_main_obmalloc: 1,
        allow_fork: 1,
        allow_exec: 1,
        allow_threads: 1,
        allow_daemon_threads: 1,
        check_multi_interp_extensions: 1,
        gil: ffi::PyInterpreterConfig_SHARED_GIL,
    };
    let mut thread_state = ptr::null_mut();
    // SAFETY: the main interpreter is attached; both pointers are local variables.
    unsafe {
        let status = ffi::Py_NewInterpreterFromConfig(&raw mut thread_state, &raw const config);
        if ffi::PyStatus_Exception(status) != 0 { ptr::null_mut() } else { thread_state }
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

/// Runs exit functions while everything still works. All threads have ended, so `threading` has
/// nothing to wait for; left to itself it may assert on a thread state that is gone.
fn finish_modules(attached: Attached<'_>) {
    const SOURCE: &CStr = c"import sys
if 'atexit' in sys.modules:
    sys.modules['atexit']._run_exitfuncs()
if 'threading' in sys.modules:
    sys.modules['threading']._shutdown = lambda: None
";
    if let Err(raised) = attached.run(SOURCE) {
        report::log(attached, raised, "", "an exit function");
    }
}

/// An interpreter attached to this thread; dropping it leaves the interpreter and puts back what
/// was attached before.
#[derive(Debug)]
pub struct Entered {
    thread_state: *mut PyThreadState,
    suspended: Option<*mut PyThreadState>,
    not_send: PhantomData<*mut ()>,
}

impl Entered {
    /// The proof for everything that works with objects.
    pub fn attached(&self) -> Attached<'_> {
        // SAFETY: attached until this guard is dropped; `'_` ends before.
        unsafe { Attached::assume() }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = with_thread(|thread| {
            thread.frames.pop();
            thread.frames.last().map_or(ptr::null_mut(), |frame| frame.thread_state)
        });
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
        gil_state::set(self.suspended.unwrap_or(outer));
    }
}

/// Leaves the attached interpreter while `body` runs, for calls to the host.
pub fn detached<R>(_: Attached<'_>, body: impl FnOnce() -> R) -> R {
    struct Again(*mut PyThreadState);
    impl Drop for Again {
        fn drop(&mut self) {
            // SAFETY: the thread state that was attached before `body`.
            unsafe { ffi::PyEval_RestoreThread(self.0) };
        }
    }
    // SAFETY: attached, as the argument proves; its borrower cannot use objects meanwhile because
    // `body` cannot get hold of the proof.
    let again = Again(unsafe { ffi::PyEval_SaveThread() });
    let result = body();
    drop(again);
    result
}

/// Whether this thread is inside a call from the host, and not on a thread of Python's own.
pub fn inside_host_call() -> bool {
    with_thread(|thread| !thread.frames.is_empty())
}
