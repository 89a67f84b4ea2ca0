//! Records of the threads that call the library, one for each thread, which others may look through at any
//! time and without a lock. Records are never freed; when a thread has ended, its record is used again.

use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// All records of one kind, in a static.
#[derive(Debug)]
pub struct Records<T: 'static> {
    first: AtomicPtr<Record<T>>,
}

/// What is known of one thread.
#[derive(Debug)]
pub struct Record<T: 'static> {
    content: T,
    next: AtomicPtr<Record<T>>,
    taken: AtomicBool,
}

impl<T: Default + Sync> Records<T> {
    /// No records yet.
    #[expect(clippy::new_without_default, reason = "it is made for statics only")]
    pub const fn new() -> Records<T> {
        Records { first: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Takes a record for a thread that has none: a free one, or else a new one.
    pub fn take(&self) -> &'static Record<T> {
        let is_free = |record: &&Record<T>| !record.taken.swap(true, Ordering::AcqRel);
        self.records().find(is_free).unwrap_or_else(|| self.add())
    }

    fn add(&self) -> &'static Record<T> {
        let record: &'static Record<T> = Box::leak(Box::new(Record {
            content: T::default(),
            next: AtomicPtr::new(ptr::null_mut()),
            taken: AtomicBool::new(true),
        }));
        let mut first = self.first.load(Ordering::Acquire);
        loop {
            record.next.store(first, Ordering::Relaxed);
            let own = ptr::from_ref(record).cast_mut();
            match self.first.compare_exchange(first, own, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return record,
                Err(newer) => first = newer,
            }
        }
    }

    /// Every record there ever was.
    pub fn all(&self) -> impl Iterator<Item = &'static T> {
        self.records().map(|record| &record.content)
    }

    fn records(&self) -> impl Iterator<Item = &'static Record<T>> {
        let at = |place: &AtomicPtr<Record<T>>| {
            // SAFETY: NULL, or leaked by `add`.
            unsafe { place.load(Ordering::Acquire).as_ref() }
        };
        std::iter::successors(at(&self.first), move |record| at(&record.next))
    }
}

impl<T> Record<T> {
    /// Gives the record back when the thread ends. The next thread gets it as it is.
    pub fn give_back(&self) {
        self.taken.store(false, Ordering::Release);
    }
}

impl<T> Deref for Record<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.content
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn a_record_that_was_given_back_is_used_again() {
        static RECORDS: Records<AtomicU32> = Records::new();
        let (first, second) = (RECORDS.take(), RECORDS.take());
        first.store(1, Ordering::Relaxed);
        second.store(2, Ordering::Relaxed);
        first.give_back();
        assert_eq!(RECORDS.take().load(Ordering::Relaxed), 1);
        assert_eq!(RECORDS.take().load(Ordering::Relaxed), 0);
        assert_eq!(RECORDS.all().count(), 3);
    }
}
