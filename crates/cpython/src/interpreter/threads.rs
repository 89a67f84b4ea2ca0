//! What each OS thread keeps: a thread state for each interpreter that it has entered, and the interpreters
//! inside which it is.
//!
//! A thread state is kept until its thread or its interpreter ends, whichever comes first.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::Interpreter;
use super::janitor::step_aside;
use crate::gil_state;
use vh_core::panics::{contain, destructor, point};
use vh_core::revocable;

/// The thread state that one OS thread keeps for one interpreter.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) thread_state: *mut PyThreadState,
    pub(super) thread_id: u64,
    interpreter: Weak<Interpreter>,
    /// Decides who deletes the thread state: the ending thread or the ending interpreter, never both.
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

/// What an OS thread keeps: its entries, and the interpreters inside which it is, the outermost first.
#[derive(Debug)]
pub(super) struct Thread {
    entries: Vec<Kept>,
    pub(super) frames: Vec<Frame>,
}

/// An entry, and the interpreter for which it is.
#[derive(Debug)]
struct Kept {
    serial: u64,
    entry: Arc<Entry>,
}

impl Thread {
    /// The thread state of the outermost call, and the thread's own for an interpreter, if it has one: that
    /// of a call that is inside already, or the one that is kept.
    #[inline]
    pub(super) fn look_up(&self, serial: u64) -> (Option<Frame>, Option<*mut PyThreadState>) {
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
pub(super) struct Frame {
    pub(super) thread_state: *mut PyThreadState,
    pub(super) serial: u64,
}

thread_local! {
    // This has no destructor, because Rust's would also run on the main thread at exit, when the host may be
    // gone already. The destructor of the pthread key below runs only when a thread really ends.
    static THREAD: Cell<*mut Thread> = const { Cell::new(ptr::null_mut()) };
}

/// This thread's record, which stays at its address until the thread ends.
#[inline]
pub(super) fn this_thread() -> *mut Thread {
    let record = THREAD.get();
    if record.is_null() { new_record() } else { record }
}

#[cold]
fn new_record() -> *mut Thread {
    let record = Box::into_raw(Box::new(Thread { entries: Vec::new(), frames: Vec::new() }));
    THREAD.set(record);
    // SAFETY: `exit_key` made the key; the record is this thread's until `thread_ends` takes it.
    unsafe { libc::pthread_setspecific(exit_key(), record.cast()) };
    record
}

/// Lends this thread's record to `body`, which must run neither Python nor the host.
pub(super) fn with_thread<R>(body: impl FnOnce(&mut Thread) -> R) -> R {
    // SAFETY: only this thread uses its record, which stays until the thread ends. The bodies, all in this
    // folder, run neither Python nor the host, so that none of them comes back here.
    body(unsafe { &mut *this_thread() })
}

fn exit_key() -> libc::pthread_key_t {
    static KEY: OnceLock<libc::pthread_key_t> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the key is a local variable; the destructor gets what `new_record` stored.
        let failed =
            unsafe { libc::pthread_key_create(&raw mut key, Some(destructor!(thread_ends))) };
        assert!(failed == 0, "no thread-local key left in this process");
        key
    })
}

/// Deletes the thread states of an OS thread that ends.
///
/// # Safety
/// `record` is what `new_record` stored for this thread, and this is called once.
unsafe fn thread_ends(record: *mut c_void) {
    // SAFETY: `new_record` stores what it took from a box, and the caller takes it once.
    let thread = unsafe { Box::from_raw(record.cast::<Thread>()) };
    THREAD.with(|cell| cell.set(ptr::null_mut()));
    contain(point!("a thread's end: its slot"), vh_guard::slot::thread_ends);
    contain(point!("a thread's end: where it is inside"), revocable::thread_ends);
    for Kept { entry, .. } in &thread.entries {
        contain(point!("a thread's end: a thread state"), || entry.thread_ends());
    }
}

impl Entry {
    /// Deletes the thread state if its interpreter does not do so already, because its thread ends.
    fn thread_ends(self: &Arc<Self>) {
        let Some(interpreter) = self.interpreter.upgrade() else { return };
        if !self.claim() {
            return;
        }
        // SAFETY: claimed, so nobody else deletes it. The interpreter lives on: `delete_entries` waits until
        // `forget` has been called for each entry.
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

impl Interpreter {
    /// Keeps a thread state as this thread's for this interpreter.
    fn record(self: &Arc<Self>, thread_state: *mut PyThreadState) {
        let entry = Arc::new(Entry {
            thread_state,
            // SAFETY: asks for nothing. Python identifies threads by the same number.
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

    /// Makes and keeps a thread state for this thread.
    #[cold]
    pub(super) fn new_thread_state(self: &Arc<Self>) -> *mut PyThreadState {
        // SAFETY: the interpreter has not ended: `enter`, the only caller, has asked, and whoever enters counts
        // himself into its script first.
        let thread_state = unsafe { ffi::PyThreadState_New(self.state) };
        self.record(thread_state);
        thread_state
    }

    fn forget(&self, entry: &Arc<Entry>) {
        self.entries.lock().retain(|kept| !Arc::ptr_eq(kept, entry));
    }

    /// The thread state that a thread of the host keeps for this interpreter, or NULL.
    pub(super) fn kept_by(&self, thread_id: u64) -> *mut PyThreadState {
        let entries = self.entries.lock();
        let entry = entries.iter().find(|entry| entry.thread_id == thread_id);
        entry.map_or(ptr::null_mut(), |entry| entry.thread_state)
    }

    /// Whether a thread of the host keeps a thread state for this interpreter, which is idle between calls.
    pub fn is_kept_by(&self, thread_id: u64) -> bool {
        self.entries.lock().iter().any(|entry| entry.thread_id == thread_id)
    }

    /// Deletes the thread states that threads keep for this interpreter. Waits for an ending thread that is
    /// just deleting its own.
    ///
    /// # Safety
    /// `janitor` is this thread's and attached. Nobody is inside, and nobody enters until this returns.
    pub(super) unsafe fn delete_entries(self: &Arc<Self>, janitor: *mut PyThreadState) {
        loop {
            let entry = match self.entries.lock().first() {
                None => return,
                Some(entry) => Arc::clone(entry),
            };
            // SAFETY: `janitor` is attached, as the caller promises. An entry that is claimed is deleted by
            // nobody else, and idle, since nobody is inside.
            unsafe {
                if entry.claim() {
                    ffi::PyThreadState_Clear(entry.thread_state);
                    ffi::PyThreadState_Delete(entry.thread_state);
                    // On some versions deleting a thread state resets this.
                    gil_state::set(janitor);
                    entry.fate.store(DELETED, Ordering::Release);
                    self.forget(&entry);
                } else {
                    step_aside(janitor);
                }
            }
        }
    }
}

/// Whether this thread is inside a call from the host, and not one of Python's own threads.
pub fn inside_host_call() -> bool {
    with_thread(|thread| !thread.frames.is_empty())
}
