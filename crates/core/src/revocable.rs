//! A value that may be taken away while others use it: it stays until the last one inside has left. Going in
//! and out costs a plain store each: a thread notes, in a place of its own, inside which value it is. Whoever
//! revokes a value makes the kernel order the memory accesses of all threads (`membarrier`), and then looks
//! at all those notes.
//!
//! Why nobody is missed: a thread that goes in first notes the value and then looks whether it is open;
//! whoever revokes the value first closes it and then looks at the notes, with the barrier in between. So at
//! least one of the two sees the other. The same holds for a thread that goes out: it wipes its note and then
//! looks whether the value was revoked.

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};

#[cfg(not(loom))]
use parking_lot::Mutex;

#[cfg(loom)]
use crate::modelled::{AtomicBool, AtomicPtr, AtomicUsize, Mutex};
use crate::threads::{Record, Records};

/// Whether the kernel has begun to refuse to order the memory accesses of all threads. Then everything here
/// is slower.
pub fn barriers_were_refused() -> bool {
    barrier::was_refused()
}

/// Waits until the next look at a value is sure of what it sees. As long as the kernel refuses nothing, that
/// is at once.
pub fn wait_for_certainty() {
    std::thread::sleep(barrier::uncertain_for());
}

/// Inside how many values a thread can be without an atomic operation: a cache line of them. In a model
/// checker there is one, because more would take long.
const NOTES: usize = if cfg!(loom) { 1 } else { 8 };

/// The values inside which a thread is; NULL where a note is free. Only the thread itself writes here.
#[derive(Debug, Default)]
struct Notes([AtomicPtr<()>; NOTES]);

static ALL_NOTES: Records<Notes> = Records::new();

thread_local! {
    static OWN: Cell<Option<&'static Record<Notes>>> = const { Cell::new(None) };
}

/// A free note of this thread.
#[inline]
fn free_note() -> Option<&'static AtomicPtr<()>> {
    let own: &'static Notes = OWN.get().unwrap_or_else(take_notes);
    own.0.iter().find(|note| note.load(Ordering::Relaxed).is_null())
}

#[cold]
fn take_notes() -> &'static Record<Notes> {
    let notes = ALL_NOTES.take();
    OWN.set(Some(notes));
    notes
}

/// This thread ends; it is inside no value.
pub fn thread_ends() {
    if let Some(notes) = OWN.take() {
        notes.give_back();
    }
}

/// Held while a value is put somewhere or taken away, so that one thread at a time does so. The registry
/// holds the lock of its slots when it puts a value there; no other lock is taken while this one is held.
static TAKING: Mutex<()> = Mutex::new(());

/// A place for a value, closed and empty at first.
#[derive(Debug)]
pub struct Revocable<T> {
    open: AtomicBool,
    value: AtomicPtr<T>,
    /// How many are inside without a note, because their threads had none left.
    unnoted: AtomicUsize,
    /// What the last one out gives the value to.
    taken_away: fn(Box<T>),
}

/// Proof of being inside. Dropping it goes out.
#[derive(Debug)]
pub struct Inside<'d, T> {
    place: &'d Revocable<T>,
    /// This is not a reference, because a reference would have to be valid until `drop` has returned, and
    /// `drop` may free the value.
    value: NonNull<T>,
    note: Option<&'static AtomicPtr<()>>,
}

impl<T> Revocable<T> {
    /// A closed place. When a value was put there and revoked, and the last one leaves, `taken_away` is
    /// called on that thread.
    pub const fn closed(taken_away: fn(Box<T>)) -> Revocable<T> {
        Revocable {
            open: AtomicBool::new(false),
            value: AtomicPtr::new(ptr::null_mut()),
            unnoted: AtomicUsize::new(0),
            taken_away,
        }
    }

    /// Puts a value into a closed and empty place, and opens it.
    pub fn put(&self, value: Box<T>) {
        barrier::prepare();
        let _taking = TAKING.lock();
        let before = self.value.swap(Box::into_raw(value), Ordering::AcqRel);
        assert!(before.is_null(), "a second value was put into one place");
        self.open.store(true, Ordering::Release);
    }

    /// Goes in; None when the place is closed.
    #[inline]
    pub fn enter(&self) -> Option<Inside<'_, T>> {
        if !self.open.load(Ordering::Relaxed) {
            return None;
        }
        let note = free_note();
        match note {
            Some(note) => note.store(self.name(), Ordering::Release),
            None => _ = self.unnoted.fetch_add(1, Ordering::AcqRel),
        }
        barrier::light();
        if !self.open.load(Ordering::Acquire) {
            self.leave(note);
            return None;
        }
        // SAFETY: it was open when it had been noted that somebody is inside, so the value
        // stays.
        let value = unsafe { NonNull::new_unchecked(self.value.load(Ordering::Acquire)) };
        Some(Inside { place: self, value, note })
    }

    #[inline]
    fn leave(&self, note: Option<&AtomicPtr<()>>) {
        match note {
            Some(note) => note.store(ptr::null_mut(), Ordering::Release),
            None => _ = self.unnoted.fetch_sub(1, Ordering::AcqRel),
        }
        barrier::light();
        if !self.open.load(Ordering::Relaxed) {
            self.leave_closed();
        }
    }

    #[cold]
    fn leave_closed(&self) {
        if let Some(value) = self.take_if_empty() {
            (self.taken_away)(value);
        }
    }

    /// Closes an open place, so that nobody goes in any more. Gives the value back if nobody is inside.
    pub fn revoke(&self) -> Option<Box<T>> {
        if self.open.swap(false, Ordering::AcqRel) { self.take_if_empty() } else { None }
    }

    /// Takes the value if the place is closed and nobody is inside.
    fn take_if_empty(&self) -> Option<Box<T>> {
        let _taking = TAKING.lock();
        if self.open.load(Ordering::Acquire) || !self.is_occupied() || !barrier::heavy() {
            return None;
        }
        let name = self.name();
        let is_noted = |notes: &Notes| notes.0.iter().any(|n| n.load(Ordering::Acquire) == name);
        if self.unnoted.load(Ordering::Acquire) > 0 || ALL_NOTES.all().any(is_noted) {
            return None;
        }
        let value = self.value.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: `open` put a box there, which is taken under the lock. The place has been closed since
        // before the barrier and nobody is inside, so no reference is left.
        Some(unsafe { Box::from_raw(value) })
    }

    /// Tries again to take the value of a closed place. It may still be there although nobody is inside, if
    /// the kernel refused to make that certain.
    pub fn take_again(&self) -> Option<Box<T>> {
        if self.is_occupied() { self.take_if_empty() } else { None }
    }

    /// Whether anybody is inside.
    fn is_occupied(&self) -> bool {
        !self.value.load(Ordering::Acquire).is_null()
    }

    /// How a note names this place.
    fn name(&self) -> *mut () {
        ptr::from_ref(self).cast_mut().cast()
    }
}

impl<T> Inside<'_, T> {
    /// The value.
    #[inline]
    pub fn value(&self) -> &T {
        // SAFETY: it stays until the last one noted has left: this one is noted as long as the
        // `Inside` lives.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Drop for Inside<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.place.leave(self.note);
    }
}

/// Memory barriers in pairs: the light one costs nothing, because the heavy one makes every thread of the
/// process do a barrier. On a kernel without `membarrier` both are full barriers. So they become when the
/// kernel refuses it later, as under a filter of system calls; but then every light barrier that did nothing
/// must be long over before anybody relies on them.
mod barrier {
    use std::sync::OnceLock;
    #[cfg(not(loom))]
    use std::sync::atomic::fence;
    use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};
    use std::time::{Duration, Instant};

    #[cfg(loom)]
    use loom::sync::atomic::fence;

    /// After this time every processor has surely written to memory what it was asked to write: that takes
    /// microseconds, and any interrupt forces it.
    const GRACE: Duration = Duration::from_millis(100);

    /// When the kernel first refused what it did before.
    static REFUSED: OnceLock<Instant> = OnceLock::new();

    /// Whether the kernel orders the memory accesses of all threads for us.
    static BY_KERNEL: AtomicBool = AtomicBool::new(false);

    /// Finds out which barriers to use. To be called before the first barrier.
    pub fn prepare() {
        static PREPARED: OnceLock<()> = OnceLock::new();
        PREPARED.get_or_init(|| {
            let registered = call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
            BY_KERNEL.store(registered, Ordering::Release);
        });
    }

    /// The barrier for the many who go in and out.
    #[inline]
    pub fn light() {
        if BY_KERNEL.load(Ordering::Relaxed) {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }

    /// The barrier for the one who looks at them. False when it is not certain that everybody's stores are
    /// seen, so that the caller has to come again.
    pub fn heavy() -> bool {
        if BY_KERNEL.load(Ordering::Relaxed) {
            if call(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
                return true;
            }
            BY_KERNEL.store(false, Ordering::SeqCst);
            REFUSED.get_or_init(Instant::now);
        }
        fence(Ordering::SeqCst);
        uncertain_for().is_zero()
    }

    /// How long until it is certain again.
    pub fn uncertain_for() -> Duration {
        REFUSED.get().map_or(Duration::ZERO, |refused| GRACE.saturating_sub(refused.elapsed()))
    }

    /// Whether the kernel refused what it did before.
    pub fn was_refused() -> bool {
        REFUSED.get().is_some()
    }

    /// Makes the system call; false when the kernel does not know it, or refuses. Miri and loom have no
    /// kernel, so there both barriers are full ones.
    fn call(command: libc::c_int) -> bool {
        // SAFETY: takes numbers only.
        !cfg!(any(miri, loom)) && unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) } == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn the_last_one_out_of_a_revoked_value_takes_it() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let place = Revocable::closed(|number: Box<usize>| TAKEN.store(*number, Ordering::Relaxed));
        assert!(place.enter().is_none());
        place.put(Box::new(7));
        let (first, second) = (place.enter().unwrap(), place.enter().unwrap());
        assert_eq!(*first.value(), 7);
        assert!(place.revoke().is_none());
        assert!(place.enter().is_none());
        drop(first);
        assert_eq!(TAKEN.load(Ordering::Relaxed), 0);
        drop(second);
        assert_eq!(TAKEN.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn a_value_that_nobody_uses_is_given_back_and_another_can_follow() {
        let place = Revocable::closed(drop::<Box<usize>>);
        place.put(Box::new(1));
        assert_eq!(place.revoke().as_deref(), Some(&1));
        assert!(place.revoke().is_none());
        place.put(Box::new(2));
        assert_eq!(*place.enter().unwrap().value(), 2);
        assert_eq!(place.revoke().as_deref(), Some(&2));
    }

    #[test]
    fn a_value_that_is_open_or_in_use_cannot_be_taken_again() {
        let place = Revocable::closed(drop::<Box<usize>>);
        assert!(place.take_again().is_none(), "there is none");
        place.put(Box::new(1));
        assert!(place.take_again().is_none(), "it is open");
        let inside = place.enter().unwrap();
        assert!(place.revoke().is_none() && place.take_again().is_none());
        assert_eq!(*inside.value(), 1);
        drop(inside);
        assert!(place.take_again().is_none(), "the last one out took it");
    }

    #[test]
    fn more_can_go_in_than_a_thread_has_notes_for() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let place = Revocable::closed(|number: Box<usize>| TAKEN.store(*number, Ordering::Relaxed));
        place.put(Box::new(9));
        let mut inside: Vec<_> = (0..NOTES + 3).map(|_| place.enter().unwrap()).collect();
        assert!(place.revoke().is_none());
        while let Some(one) = inside.pop() {
            assert_eq!((*one.value(), TAKEN.load(Ordering::Relaxed)), (9, 0));
        }
        assert_eq!(TAKEN.load(Ordering::Relaxed), 9);
    }

    #[test]
    fn the_first_ones_in_may_be_the_first_ones_out() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let place = Revocable::closed(|number: Box<usize>| TAKEN.store(*number, Ordering::Relaxed));
        place.put(Box::new(9));
        let mut inside: VecDeque<_> = (0..NOTES + 3).map(|_| place.enter().unwrap()).collect();
        assert!(place.revoke().is_none());
        while let Some(one) = inside.pop_front() {
            assert_eq!((*one.value(), TAKEN.load(Ordering::Relaxed)), (9, 0));
        }
        assert_eq!(TAKEN.load(Ordering::Relaxed), 9);
    }

    #[test]
    fn one_without_a_note_is_inside_when_the_notes_are_for_another_value() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let crowded = Revocable::closed(drop::<Box<usize>>);
        let place = Revocable::closed(|number: Box<usize>| TAKEN.store(*number, Ordering::Relaxed));
        crowded.put(Box::new(1));
        place.put(Box::new(2));
        let crowd: Vec<_> = (0..NOTES).map(|_| crowded.enter().unwrap()).collect();
        let (first, second) = (place.enter().unwrap(), place.enter().unwrap());
        assert!(place.revoke().is_none(), "nobody has noted it, but two are inside");
        drop(crowd);
        // The thread has free notes again, but the ones who went in without a note still have none.
        drop(first);
        assert_eq!((*second.value(), TAKEN.load(Ordering::Relaxed)), (2, 0));
        drop(second);
        assert_eq!(TAKEN.load(Ordering::Relaxed), 2);
        assert_eq!(crowded.revoke().as_deref(), Some(&1), "nobody is counted twice");
    }

    #[test]
    fn threads_go_in_and_out_while_it_is_revoked() {
        const ROUNDS: usize = if cfg!(miri) { 20 } else { 2000 };
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let place = Revocable::closed(|_: Box<String>| {
            TAKEN.fetch_add(1, Ordering::Relaxed);
        });
        for _ in 0..ROUNDS {
            place.put(Box::new("value".to_owned()));
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while let Some(inside) = place.enter() {
                            assert_eq!(inside.value(), "value");
                        }
                    });
                }
                if place.revoke().is_some() {
                    TAKEN.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        assert_eq!(TAKEN.load(Ordering::Relaxed), ROUNDS);
    }
}
