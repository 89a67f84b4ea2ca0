//! What each thread of the host does at the moment, for those who look from outside.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

/// One thread's place. Places are used again and never freed, so that a signal handler and the
/// watchdog may walk through all of them at any time.
#[derive(Debug, Default)]
pub struct Slot {
    next: AtomicPtr<Slot>,
    taken: AtomicBool,
    /// `vh` calls this thread made inside of calls, ever.
    vh_calls: AtomicU64,
}

/// The first of all slots.
static FIRST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    static OWN: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

/// The slot of this thread.
#[inline]
pub fn of_this_thread() -> &'static Slot {
    OWN.get().unwrap_or_else(take)
}

#[cold]
fn take() -> &'static Slot {
    let slot = all().find(|slot| !slot.taken.swap(true, Ordering::AcqRel)).unwrap_or_else(add);
    OWN.set(Some(slot));
    slot
}

fn add() -> &'static Slot {
    let slot: &'static Slot =
        Box::leak(Box::new(Slot { taken: AtomicBool::new(true), ..Slot::default() }));
    let mut first = FIRST.load(Ordering::Acquire);
    loop {
        slot.next.store(first, Ordering::Relaxed);
        let own = ptr::from_ref(slot).cast_mut();
        match FIRST.compare_exchange(first, own, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return slot,
            Err(newer) => first = newer,
        }
    }
}

/// Every slot there ever was.
pub fn all() -> impl Iterator<Item = &'static Slot> {
    let next = |slot: &AtomicPtr<Slot>| {
        // SAFETY: NULL, or leaked by `add`.
        unsafe { slot.load(Ordering::Acquire).as_ref() }
    };
    std::iter::successors(next(&FIRST), move |slot| next(&slot.next))
}

/// This thread ends: its slot is free for another.
pub fn thread_ends() {
    if let Some(slot) = OWN.take() {
        slot.taken.store(false, Ordering::Release);
    }
}

impl Slot {
    /// `vh` calls this thread made, ever.
    #[inline]
    pub fn vh_calls(&self) -> u64 {
        self.vh_calls.load(Ordering::Relaxed)
    }

    /// Counts one more; only on the slot's own thread.
    #[inline]
    pub fn count_vh_call(&self) {
        self.vh_calls.store(self.vh_calls().wrapping_add(1), Ordering::Relaxed);
    }
}
