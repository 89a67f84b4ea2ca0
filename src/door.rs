//! A door to something that may be taken away: who is inside is counted, and what is behind the
//! door stays until the last one has left. Going in and out costs one atomic operation each.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

/// Added to the count of those inside when the door is closed.
const CLOSED: i64 = i64::MIN / 2;

/// The door. Nothing is behind it while it is closed and empty, as it is at first.
#[derive(Debug)]
pub struct Door<T> {
    /// How many are inside; with `CLOSED` added nobody gets in.
    inside: AtomicI64,
    behind: AtomicPtr<T>,
    /// Gets what was behind the door from the last one out of it.
    taken_away: fn(Box<T>),
}

/// Somebody inside.
#[derive(Debug)]
pub struct Inside<'d, T> {
    door: &'d Door<T>,
    /// No reference, because one would have to be valid until `drop` has returned, which may free it.
    behind: NonNull<T>,
}

impl<T> Door<T> {
    /// A closed door. When the last one leaves after it was opened and closed again, `taken_away` is
    /// called on that thread.
    pub const fn closed(taken_away: fn(Box<T>)) -> Door<T> {
        Door { inside: AtomicI64::new(CLOSED), behind: AtomicPtr::new(ptr::null_mut()), taken_away }
    }

    /// Opens a closed door with nothing behind it.
    pub fn open(&self, behind: Box<T>) {
        let before = self.behind.swap(Box::into_raw(behind), Ordering::AcqRel);
        assert!(before.is_null(), "a door was opened twice");
        self.inside.store(0, Ordering::Release);
    }

    /// Goes in; None when the door is closed.
    #[inline]
    pub fn enter(&self) -> Option<Inside<'_, T>> {
        let one_more = |count: i64| (count >= 0).then_some(count + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        // SAFETY: an open door has something behind it.
        let behind = unsafe { NonNull::new_unchecked(self.behind.load(Ordering::Acquire)) };
        Some(Inside { door: self, behind })
    }

    /// Closes an open door. Gives back what is behind it when nobody is inside.
    pub fn close(&self) -> Option<Box<T>> {
        let closing = |count: i64| (count >= 0).then_some(count + CLOSED);
        match self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, closing) {
            Ok(0) => self.take(),
            _ => None,
        }
    }

    fn take(&self) -> Option<Box<T>> {
        let behind = self.behind.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: `open` put a box there, and whoever swaps it out is the only one to get it. The
        // door is closed and nobody is inside, so no reference is left.
        (!behind.is_null()).then(|| unsafe { Box::from_raw(behind) })
    }
}

impl<T> Inside<'_, T> {
    /// What is behind the door.
    #[inline]
    pub fn behind(&self) -> &T {
        // SAFETY: it stays until the last one counted has left: this one is counted as long as the
        // `Inside` lives.
        unsafe { self.behind.as_ref() }
    }
}

impl<T> Drop for Inside<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.door.inside.fetch_sub(1, Ordering::AcqRel) - 1 == CLOSED
            && let Some(behind) = self.door.take()
        {
            (self.door.taken_away)(behind);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn the_last_one_out_of_a_closed_door_takes_what_is_behind() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let door = Door::closed(|number: Box<usize>| TAKEN.store(*number, Ordering::Relaxed));
        assert!(door.enter().is_none());
        door.open(Box::new(7));
        let (first, second) = (door.enter().unwrap(), door.enter().unwrap());
        assert_eq!(*first.behind(), 7);
        assert!(door.close().is_none());
        assert!(door.enter().is_none());
        drop(first);
        assert_eq!(TAKEN.load(Ordering::Relaxed), 0);
        drop(second);
        assert_eq!(TAKEN.load(Ordering::Relaxed), 7);
    }

    #[test]
    fn an_empty_door_gives_back_what_is_behind_and_opens_again() {
        let door = Door::closed(drop::<Box<usize>>);
        door.open(Box::new(1));
        assert_eq!(door.close().as_deref(), Some(&1));
        assert!(door.close().is_none());
        door.open(Box::new(2));
        assert_eq!(*door.enter().unwrap().behind(), 2);
        assert_eq!(door.close().as_deref(), Some(&2));
    }

    #[test]
    fn threads_go_in_and_out_while_it_is_closed() {
        static TAKEN: AtomicUsize = AtomicUsize::new(0);
        let door = Door::closed(|_: Box<String>| {
            TAKEN.fetch_add(1, Ordering::Relaxed);
        });
        for _ in 0..200 {
            door.open(Box::new("behind".to_owned()));
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while let Some(inside) = door.enter() {
                            assert_eq!(inside.behind(), "behind");
                        }
                    });
                }
                if door.close().is_some() {
                    TAKEN.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        assert_eq!(TAKEN.load(Ordering::Relaxed), 200);
    }
}
