//! What `Revocable` takes from the standard library, parking_lot and `crates/core/src/threads.rs`, of loom's parts.

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::OnceLock;

use loom::sync::atomic::Ordering;

macro_rules! atomic {
    ($name:ident $(<$parameter:ident>)?, $of:ty, $content:ty) => {
        /// An atomic of loom that can be made in a constant: it begins when it is first used, which must be
        /// before there are other threads.
        #[derive(Debug)]
        pub struct $name $(<$parameter>)? {
            first: $content,
            modelled: OnceLock<$of>,
        }

        // SAFETY: as those of the standard library; `first` is only copied.
        unsafe impl $(<$parameter>)? Send for $name $(<$parameter>)? {}
        // SAFETY: as above.
        unsafe impl $(<$parameter>)? Sync for $name $(<$parameter>)? {}

        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub const fn new(first: $content) -> Self {
                Self { first, modelled: OnceLock::new() }
            }

            fn modelled(&self) -> &$of {
                self.modelled.get_or_init(|| <$of>::new(self.first))
            }

            pub fn load(&self, order: Ordering) -> $content {
                self.modelled().load(order)
            }

            pub fn store(&self, value: $content, order: Ordering) {
                self.modelled().store(value, order);
            }

            pub fn swap(&self, value: $content, order: Ordering) -> $content {
                self.modelled().swap(value, order)
            }
        }
    };
}

atomic!(AtomicBool, loom::sync::atomic::AtomicBool, bool);
atomic!(AtomicUsize, loom::sync::atomic::AtomicUsize, usize);
atomic!(AtomicPtr<T>, loom::sync::atomic::AtomicPtr<T>, *mut T);

impl AtomicUsize {
    pub fn fetch_add(&self, value: usize, order: Ordering) -> usize {
        self.modelled().fetch_add(value, order)
    }

    pub fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
        self.modelled().fetch_sub(value, order)
    }
}

impl<T> Default for AtomicPtr<T> {
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}

/// It has one lock: all of this type are one.
#[derive(Debug)]
pub struct Mutex<T>(PhantomData<T>);

loom::lazy_static! {
    static ref LOCK: loom::sync::Mutex<()> = loom::sync::Mutex::new(());
    static ref RECORDS: Vec<(loom::sync::atomic::AtomicBool, OnceLock<Box<dyn Any + Send + Sync>>)> =
        (0..2).map(|_| (loom::sync::atomic::AtomicBool::new(false), OnceLock::new())).collect();
}

impl Mutex<()> {
    pub const fn new(_: ()) -> Mutex<()> {
        Mutex(PhantomData)
    }

    pub fn lock(&self) -> loom::sync::MutexGuard<'static, ()> {
        LOCK.lock().unwrap()
    }
}

/// Two records, both of which there are from the beginning.
#[derive(Debug)]
pub struct Records<T: 'static>(PhantomData<fn() -> T>);

#[derive(Debug)]
pub struct Record<T: 'static> {
    content: T,
    number: usize,
}

impl<T: Default + Send + Sync> Records<T> {
    pub const fn new() -> Records<T> {
        Records(PhantomData)
    }

    fn record(number: usize) -> &'static Record<T> {
        let made =
            RECORDS[number].1.get_or_init(|| Box::new(Record { content: T::default(), number }));
        made.downcast_ref().unwrap()
    }

    pub fn take(&self) -> &'static Record<T> {
        let is_free = |number: &usize| !RECORDS[*number].0.swap(true, Ordering::AcqRel);
        Self::record((0..RECORDS.len()).find(is_free).unwrap())
    }

    pub fn all(&self) -> impl Iterator<Item = &'static T> {
        (0..RECORDS.len()).map(|number| &Self::record(number).content)
    }
}

impl<T> Record<T> {
    pub fn give_back(&self) {
        RECORDS[self.number].0.store(false, Ordering::Release);
    }
}

impl<T> Deref for Record<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

/// A cell that each thread has for itself.
pub struct Local<T: 'static>(fn(&mut dyn FnMut(&Cell<T>)));

impl<T: Copy + Default + 'static> Local<T> {
    pub const fn new(with: fn(&mut dyn FnMut(&Cell<T>))) -> Local<T> {
        Local(with)
    }

    pub fn get(&self) -> T {
        let mut found = T::default();
        self.0(&mut |cell| found = cell.get());
        found
    }

    pub fn set(&self, value: T) {
        self.0(&mut |cell| cell.set(value));
    }

    pub fn take(&self) -> T {
        let found = self.get();
        self.set(T::default());
        found
    }
}
