//! What each thread of the host is doing, for those who look at it from outside: the watchdog, the thread
//! that interrupts a call, and the crash handler.
//!
//! Only its own thread writes a slot, except for the mark, and always with the interpreter of the call
//! attached. So a slot does not change while another thread has that interpreter attached. Everybody else
//! looks twice and may still be wrong about a call that has just ended.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
use std::time::Duration;

use super::crash;
use super::entry_point::EntryPoint;
use vh_core::clock;
use vh_core::threads::{Record, Records};

/// The limit of a call that is never interrupted; the log only tells when it takes long.
pub const TOLD_ONLY: u64 = u64::MAX;

/// The number that stands for no call.
const IDLE: u64 = 0;

/// The slot of one thread. A signal handler and the watchdog may walk through all slots at any time.
#[derive(Debug, Default)]
pub struct Slot {
    /// The number of the innermost call that runs, or `IDLE`. Numbers are not used again.
    call: AtomicU64,
    /// When that call began, by the ticking clock. It is moved on by the time that calls inside of it took,
    /// for that is not its own time.
    started: AtomicU64,
    /// How long that call may take, in nanoseconds; 0 is for ever.
    limit: AtomicU64,
    entry_point: AtomicPtr<EntryPoint>,
    /// The number of the call that has gone past its deadline.
    marked: AtomicU64,
    /// Whether the call is in a function of the host at the moment.
    in_host: AtomicBool,
    /// The number of the last call that began.
    last: AtomicU64,
    /// How many `vh` calls this thread has ever made inside of calls.
    vh_calls: AtomicU64,
    /// The number of the thread for Python, and the one for the kernel.
    thread: AtomicU64,
    kernel_thread: AtomicI32,
    /// The stack that the thread was given for the crash handler, or 0.
    crash_stack: AtomicUsize,
    /// The number of the call whose steps are all to fail, and when the first of them was seen, by the
    /// ticking clock; 0 when none has been.
    forced: AtomicU64,
    stepped: AtomicU64,
    /// The number of the late call that an exception was sent to.
    sent: AtomicU64,
    /// The number of the late call whose code has ended; what is left is logging it.
    at_end: AtomicU64,
}

/// A call inside of which another one runs.
#[derive(Debug)]
pub struct Outer {
    call: u64,
    started: u64,
    limit: u64,
    entry_point: *mut EntryPoint,
    marked: u64,
    in_host: bool,
}

/// What somebody saw of a running call.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The thread's slot.
    pub slot: &'static Slot,
    /// The call's number.
    pub call: u64,
    /// When it began.
    pub started: u64,
    /// How long it may take; 0 is for ever.
    pub limit: u64,
    /// Which hook or function it is. It may be gone by now.
    pub entry_point: *const EntryPoint,
    /// Whether it is in a function of the host.
    pub is_in_host: bool,
    /// The number of the last call of a function of the host that it made.
    pub host_call: u64,
}

static SLOTS: Records<Slot> = Records::new();

thread_local! {
    static OWN: Cell<Option<&'static Record<Slot>>> = const { Cell::new(None) };
}

/// The slot of this thread.
#[inline]
pub fn of_this_thread() -> &'static Slot {
    OWN.get().unwrap_or_else(take)
}

#[cold]
fn take() -> &'static Record<Slot> {
    let slot = SLOTS.take();
    // SAFETY: always allowed.
    let (thread, kernel_thread) = unsafe { (libc::pthread_self(), libc::gettid()) };
    slot.thread.store(thread, Ordering::Release);
    slot.kernel_thread.store(kernel_thread, Ordering::Release);
    slot.crash_stack.store(crash::stack::add(), Ordering::Release);
    OWN.set(Some(slot));
    slot
}

/// Every slot there ever was.
pub fn all() -> impl Iterator<Item = &'static Slot> {
    SLOTS.all()
}

/// Frees the slot of this thread, which ends, for another.
pub fn thread_ends() {
    if let Some(slot) = OWN.take() {
        slot.kernel_thread.store(0, Ordering::Release);
        crash::stack::remove(slot.crash_stack.swap(0, Ordering::AcqRel));
        slot.give_back();
    }
}

/// The slot of this thread, if a call runs on it and is not in a function of the host.
#[inline]
pub fn in_script() -> Option<&'static Slot> {
    let slot: &'static Slot = OWN.get()?;
    (slot.call.load(Ordering::Relaxed) != IDLE && !slot.is_in_host()).then_some(slot)
}

/// How long ago this thread took its first step in a call whose steps are to fail; None when it is in no such
/// call. Its interpreter is attached.
pub fn forced_for() -> Option<Duration> {
    let slot = OWN.get()?;
    let call = slot.call.load(Ordering::Relaxed);
    if call == IDLE || slot.forced.load(Ordering::Relaxed) != call || slot.is_over(call) {
        return None;
    }
    let now = clock::ticking();
    let first = match slot.stepped.load(Ordering::Relaxed) {
        0 => {
            slot.stepped.store(now, Ordering::Relaxed);
            now
        }
        first => first,
    };
    Some(Duration::from_nanos(now.saturating_sub(first)))
}

// What the slot's own thread does, with the call's interpreter attached.
impl Slot {
    /// A call begins. Returns the call inside of which it runs, for `end`.
    #[inline]
    pub fn begin(&self, entry_point: &EntryPoint, limit: u64, started: u64) -> Option<Outer> {
        let outer = (self.call.load(Ordering::Relaxed) != IDLE).then(|| self.set_aside());
        let call = self.last.load(Ordering::Relaxed) + 1;
        self.last.store(call, Ordering::Relaxed);
        self.started.store(started, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        self.entry_point.store(ptr::from_ref(entry_point).cast_mut(), Ordering::Relaxed);
        self.call.store(call, Ordering::Release);
        outer
    }

    #[cold]
    fn set_aside(&self) -> Outer {
        let outer = Outer {
            call: self.call.load(Ordering::Relaxed),
            started: self.started.load(Ordering::Relaxed),
            limit: self.limit.load(Ordering::Relaxed),
            entry_point: self.entry_point.load(Ordering::Relaxed),
            marked: self.marked.load(Ordering::Relaxed),
            in_host: self.in_host.load(Ordering::Relaxed),
        };
        self.call.store(IDLE, Ordering::Relaxed);
        fence(Ordering::Release);
        self.in_host.store(false, Ordering::Relaxed);
        outer
    }

    /// The innermost call, which began at `started`, has ended. Returns whether it had gone past its
    /// deadline, for then an exception may be on its way to it.
    #[inline]
    pub fn end(&self, outer: Option<Outer>, started: u64) -> bool {
        let call = self.call.load(Ordering::Relaxed);
        self.call.store(IDLE, Ordering::Relaxed);
        fence(Ordering::Release);
        let late = self.marked.load(Ordering::Relaxed) == call;
        if let Some(outer) = outer {
            self.take_up(&outer, started);
        }
        late
    }

    #[cold]
    fn take_up(&self, outer: &Outer, started: u64) {
        let time_inside = clock::ticking().saturating_sub(started);
        self.started.store(outer.started + time_inside, Ordering::Relaxed);
        self.limit.store(outer.limit, Ordering::Relaxed);
        self.entry_point.store(outer.entry_point, Ordering::Relaxed);
        self.in_host.store(outer.in_host, Ordering::Relaxed);
        self.marked.store(outer.marked, Ordering::Relaxed);
        self.call.store(outer.call, Ordering::Release);
    }

    /// Whether the innermost call has gone past its deadline.
    #[inline]
    pub fn is_late(&self) -> bool {
        let call = self.call.load(Ordering::Relaxed);
        call != IDLE && self.marked.load(Ordering::Relaxed) == call
    }

    /// Whether the innermost call may take as long as it needs.
    pub fn is_told_only(&self) -> bool {
        self.limit.load(Ordering::Relaxed) == TOLD_ONLY
    }

    /// Whether the innermost call, which is late, was sent no exception before; it counts as sent from now
    /// on.
    pub fn is_first_exception(&self) -> bool {
        let call = self.call.load(Ordering::Relaxed);
        self.sent.swap(call, Ordering::Relaxed) != call
    }

    /// The script's code of the innermost call has ended: nothing more is sent to it.
    pub fn comes_to_its_end(&self) {
        self.at_end.store(self.call.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The number of the thread for Python.
    pub fn thread(&self) -> u64 {
        self.thread.load(Ordering::Acquire)
    }

    /// How many `vh` calls this thread has ever made.
    #[inline]
    pub fn vh_calls(&self) -> u64 {
        self.vh_calls.load(Ordering::Relaxed)
    }

    /// Counts a `vh` call: the thread is in a function of the host until the result is dropped.
    #[inline]
    pub fn visit_host(&self) -> HostVisit<'_> {
        self.vh_calls.store(self.vh_calls().wrapping_add(1), Ordering::Relaxed);
        self.enter_host()
    }

    /// The same for a call that this thread makes for another one.
    #[inline]
    pub fn enter_host(&self) -> HostVisit<'_> {
        self.in_host.store(true, Ordering::Relaxed);
        HostVisit(self)
    }
}

/// The thread is in a function of the host.
#[derive(Debug)]
pub struct HostVisit<'s>(&'s Slot);

impl Drop for HostVisit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.in_host.store(false, Ordering::Relaxed);
    }
}

// What everybody may do.
impl Slot {
    /// The innermost running call.
    pub fn look(&'static self) -> Option<Seen> {
        let call = self.call.load(Ordering::Acquire);
        let seen = Seen {
            slot: self,
            call,
            started: self.started.load(Ordering::Relaxed),
            limit: self.limit.load(Ordering::Relaxed),
            entry_point: self.entry_point.load(Ordering::Relaxed),
            is_in_host: self.is_in_host(),
            host_call: self.vh_calls(),
        };
        fence(Ordering::Acquire);
        (call != IDLE && self.runs(call)).then_some(seen)
    }

    /// How many calls have begun on this thread, and on those that had the slot before.
    pub fn calls(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Whether this call has not ended, even if others run inside it.
    pub fn has_not_ended(&self, call: u64) -> bool {
        // Numbers grow, so a call inside has a higher one than those around it.
        let innermost = self.call.load(Ordering::Relaxed);
        innermost != IDLE && innermost >= call
    }

    /// Whether this call is the innermost one that runs.
    pub fn runs(&self, call: u64) -> bool {
        self.call.load(Ordering::Relaxed) == call
    }

    /// Whether the call is in a function of the host.
    #[inline]
    pub fn is_in_host(&self) -> bool {
        self.in_host.load(Ordering::Relaxed)
    }

    /// Marks a call as one that has gone past its deadline; the call looks for that when it ends.
    pub fn mark(&self, call: u64) {
        self.marked.store(call, Ordering::Release);
    }

    /// Whether a call has ended, or at least the script's code of it.
    #[inline]
    pub fn is_over(&self, call: u64) -> bool {
        self.at_end.load(Ordering::Relaxed) == call || !self.has_not_ended(call)
    }

    /// Says that an exception was sent to a call. Its interpreter is attached.
    pub fn was_sent(&self, call: u64) {
        self.sent.store(call, Ordering::Relaxed);
    }

    /// Says that from now on the steps of a call are to fail. Its interpreter is attached.
    pub fn force(&self, call: u64) {
        if self.forced.load(Ordering::Relaxed) != call {
            self.stepped.store(0, Ordering::Relaxed);
            self.forced.store(call, Ordering::Relaxed);
        }
    }

    /// The number of the thread for the kernel; 0 when the thread has ended.
    pub fn kernel_thread(&self) -> i32 {
        self.kernel_thread.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests;
