//! Taking interpreters apart: sweeping one after its script, and ending it.

use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::Interpreter;
use super::enter::attached_here;
use super::threads::{Frame, with_thread};
use crate::gil_state;
use crate::object::Attached;
use vh_core::panics::strike;

/// An interpreter that is attached to this thread by a thread state of its own, for taking it apart.
#[derive(Debug)]
pub struct Janitor {
    interpreter: Arc<Interpreter>,
    /// NULL when it has been deleted.
    thread_state: *mut PyThreadState,
    suspended: Option<*mut PyThreadState>,
    /// What the PyGILState functions saw before.
    seen_before: *mut PyThreadState,
    not_send: PhantomData<*mut ()>,
}

impl Interpreter {
    /// Attaches a new thread state for taking the interpreter apart, because those that threads keep are
    /// deleted meanwhile. Nobody is inside, and nobody will enter any more.
    pub fn janitor(self: &Arc<Self>) -> Janitor {
        let outermost = with_thread(|thread| thread.frames.last().copied());
        let seen_before = gil_state::get();
        let suspended = attached_here(outermost, seen_before);
        // SAFETY: the interpreter has not ended, for only a janitor ends it; what is attached to this thread is
        // left before.
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
}

impl Janitor {
    /// The proof of attachment, which everything that works with objects asks for.
    pub fn attached(&self) -> Attached<'_> {
        // SAFETY: `janitor` attached it to this thread, which the value cannot leave, until the value is dropped;
        // `'_` ends before.
        unsafe { Attached::assume() }
    }

    /// How many threads that the script started are still running.
    pub fn foreign_threads(&self) -> usize {
        self.interpreter.foreign_threads(self.attached()).len()
    }

    /// Ends the interpreter, in which no foreign thread is left.
    pub fn end(mut self) {
        self.interpreter.janitor.store(ptr::null_mut(), Ordering::Release);
        // SAFETY: attached; the ticker's thread is over before its thread state goes. Nobody is inside or will
        // enter any more, nobody visits after `close`, and no foreign thread is left: the thread states of others
        // are idle until `delete_entries`, and then the first and this one are the last.
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

    /// Leaves the interpreter, which has been swept, to wait until its script is loaded again.
    pub fn rest(self) -> Arc<Interpreter> {
        // SAFETY: attached by `janitor`; nobody is inside or enters before `rest` returns, as who asks for a
        // janitor sees to.
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
        // Dropping it does that.
        drop(self);
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        if !self.thread_state.is_null() {
            self.interpreter.janitor.store(ptr::null_mut(), Ordering::Release);
            // SAFETY: attached by `janitor`, and not ended; the thread state is this value's own.
            unsafe {
                ffi::PyThreadState_Clear(self.thread_state);
                ffi::PyThreadState_DeleteCurrent();
            }
        }
        with_thread(|thread| thread.frames.pop());
        if let Some(suspended) = self.suspended {
            // SAFETY: the thread state that `janitor` left on this thread; nothing is attached now.
            unsafe { ffi::PyEval_RestoreThread(suspended) };
        }
        gil_state::set(self.seen_before);
    }
}

/// Leaves the interpreter for a moment while it is taken apart, so that the threads we wait for can enter it.
///
/// # Safety
/// `janitor` is this thread's and attached.
pub(super) unsafe fn step_aside(janitor: *mut PyThreadState) {
    // SAFETY: attached, as the caller promises, and attached again.
    unsafe {
        ffi::PyEval_SaveThread();
        std::thread::sleep(Duration::from_micros(300));
        ffi::PyEval_RestoreThread(janitor);
    }
}

/// Releases the lock after an interpreter has ended: up to 3.11 it is still held then, with nothing attached.
///
/// # Safety
/// `Py_EndInterpreter` has just returned on this thread.
#[cfg(not(Py_3_12))]
unsafe fn release_lock_after_end() {
    // SAFETY: this thread holds the shared lock, as the caller promises; a thread state of the main interpreter
    // gives it back as it goes.
    unsafe {
        let thread_state = ffi::PyThreadState_New(super::main().state);
        ffi::PyThreadState_Swap(thread_state);
        ffi::PyThreadState_Clear(thread_state);
        ffi::PyThreadState_DeleteCurrent();
    }
}

/// From 3.12 on the lock is released with the interpreter.
///
/// # Safety
/// As above.
#[cfg(Py_3_12)]
unsafe fn release_lock_after_end() {}
