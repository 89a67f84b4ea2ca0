//! Looking into an interpreter from outside: keeping it from ending meanwhile, and finding the threads in it.

use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use pyo3_ffi as ffi;
use pyo3_ffi::PyThreadState;

use super::enter::attached_state;
use super::janitor::step_aside;
use super::{INTERPRETERS, Interpreter};
use crate::object::{Attached, Obj};
use crate::sending::Receiver;
use crate::thread_state;
use crate::ticker::Ticker;

/// Keeps an interpreter from ending while a thread looks into it.
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

impl Interpreter {
    /// Lets a thread enter for which no call of the host keeps the interpreter alive. None when the
    /// interpreter is about to end.
    pub fn visit(self: &Arc<Self>) -> Option<Visit> {
        self.visitors.fetch_add(1, Ordering::SeqCst);
        let visit = Visit(Arc::clone(self));
        (!self.closing.load(Ordering::SeqCst)).then_some(visit)
    }

    /// Lets nobody visit any more, until `closing` is reset, and waits until no visitor is left.
    ///
    /// # Safety
    /// `janitor` is this thread's, of this interpreter, and attached.
    pub(super) unsafe fn close(&self, janitor: *mut PyThreadState) {
        self.closing.store(true, Ordering::SeqCst);
        while self.visitors.load(Ordering::SeqCst) > 0 {
            // SAFETY: the caller's promise is the one `step_aside` asks for.
            unsafe { step_aside(janitor) };
        }
    }

    /// The receiver for sending an exception to a thread of the host that is inside. The interpreter is
    /// attached.
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

    /// The thread state of a thread of the host that is inside, and its innermost frame. The interpreter is
    /// attached.
    pub fn thread_state_of<'a>(
        &self,
        attached: Attached<'a>,
        thread_id: u64,
    ) -> Option<(*mut PyThreadState, Obj<'a>)> {
        let kept = self.kept_by(thread_id);
        // While the interpreter is taken apart, nobody but the janitor is inside.
        [kept, self.janitor.load(Ordering::Acquire)].into_iter().find_map(|state| {
            thread_state::innermost_frame(attached, state).map(|frame| (state, frame))
        })
    }

    /// The thread states that Python made for threads of the script. The interpreter is attached.
    pub(super) fn foreign_threads(&self, attached: Attached<'_>) -> Vec<*mut PyThreadState> {
        let entries = self.entries.lock();
        let ticker = self.ticker.as_ref().map_or(ptr::null_mut(), Ticker::thread_state);
        let current = attached_state();
        let is_ours = |state| {
            state == current
                || state == self.first
                || state == ticker
                || entries.iter().any(|entry| entry.thread_state == state)
        };
        thread_state::all(attached).filter(|&state| !is_ours(state)).collect()
    }
}

/// The receiver for sending an exception to this thread.
pub fn receiver_here(_: Attached<'_>) -> Receiver {
    // SAFETY: asks for nothing. Python identifies threads by the same number.
    Receiver { thread: unsafe { libc::pthread_self() } as u64, state: attached_state() }
}

/// The innermost frames of the threads that Python started in the attached interpreter.
pub fn thread_frames(attached: Attached<'_>) -> Vec<Obj<'_>> {
    let frames = |interpreter: &Interpreter| {
        let states = interpreter.foreign_threads(attached).into_iter();
        states.filter_map(|state| thread_state::innermost_frame(attached, state)).collect()
    };
    // SAFETY: attached.
    let state = unsafe { ffi::PyInterpreterState_Get() };
    let all: Vec<_> = INTERPRETERS.lock().iter().filter_map(Weak::upgrade).collect();
    let current = all.iter().find(|interpreter| {
        interpreter.state == state && !interpreter.ended.load(Ordering::Acquire)
    });
    current.map(|interpreter| frames(interpreter)).unwrap_or_default()
}
