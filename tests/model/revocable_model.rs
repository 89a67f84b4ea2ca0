//! The shipped `crates/core/src/revocable.rs` under loom, which tries every order in which threads may run and every
//! value that memory may show them. Statics and thread-locals are loom's own here, for each try begins
//! with new ones; the kernel's barrier is the full fence on both sides that it stands for.
//!
//!     RUSTFLAGS="--cfg loom" cargo test --release --manifest-path tests/model/Cargo.toml
#![cfg(loom)]

// What `thread_local!` of the standard library makes has these functions; loom's has only `with`.
macro_rules! thread_local {
    (static $name:ident: Cell<$content:ty> = const { $value:expr };) => {
        loom::thread_local! {
            static INNER: std::cell::Cell<$content> = $value;
        }
        static $name: crate::modelled::Local<$content> =
            crate::modelled::Local::new(|body| INNER.with(|cell| body(cell)));
    };
}

pub mod modelled;

/// What the place knows of threads: records of `crates/core/src/threads.rs`, as many as a model needs.
pub mod threads {
    pub use crate::modelled::{Record, Records};
}

#[path = "../../crates/core/src/revocable.rs"]
pub mod revocable;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use loom::sync::Arc;
    use loom::thread;

    use super::revocable::Revocable;

    std::thread_local! {
        /// How often what was behind places was given back. No part of the model, whose threads all run on
        /// the thread of the test.
        static GIVEN_BACK: Cell<u32> = const { Cell::new(0) };
    }

    /// What is behind the place: loom notices when it is used and taken away at the same time.
    struct Behind(loom::cell::UnsafeCell<u32>);

    fn give_back(behind: Box<Behind>) {
        // SAFETY: loom checks that nobody reads it meanwhile.
        behind.0.with_mut(|number| unsafe { *number = 0 });
        GIVEN_BACK.set(GIVEN_BACK.get() + 1);
        // Whoever comes too late shall be seen to find it taken away.
        Box::leak(behind);
    }

    fn visit(place: &Revocable<Behind>) {
        if let Some(inside) = place.enter() {
            // SAFETY: loom checks that nobody writes to it meanwhile.
            let number = inside.value().0.with(|number| unsafe { *number });
            assert_eq!(number, 7, "it was taken away from somebody inside");
        }
    }

    /// A place that was opened and closed before: by then all atomics are there, those of all notes too.
    fn opened() -> Arc<Revocable<Behind>> {
        let place = Arc::new(Revocable::closed(give_back));
        let behind = || Box::new(Behind(loom::cell::UnsafeCell::new(7)));
        place.put(behind());
        assert!(place.revoke().is_some());
        place.put(behind());
        GIVEN_BACK.set(0);
        place
    }

    fn close(place: &Revocable<Behind>) {
        if let Some(behind) = place.revoke() {
            give_back(behind);
        }
    }

    fn model(visits: usize, visitors: usize) {
        loom::model(move || {
            let place = opened();
            let others: Vec<_> = (0..visitors)
                .map(|_| {
                    let place = Arc::clone(&place);
                    thread::spawn(move || {
                        (0..visits).for_each(|_| visit(&place));
                        super::revocable::thread_ends();
                    })
                })
                .collect();
            close(&place);
            others.into_iter().for_each(|other| other.join().unwrap());
            assert_eq!(GIVEN_BACK.get(), 1, "exactly once");
        });
    }

    #[test]
    fn nobody_inside_is_missed_and_the_last_one_out_gives_back() {
        model(1, 1);
    }

    #[test]
    fn one_may_come_again() {
        model(2, 1);
    }

    #[test]
    fn several_may_come() {
        let mut limited = loom::model::Builder::new();
        limited.preemption_bound = Some(3);
        limited.check(|| {
            let place = opened();
            let other = |place: &Arc<Revocable<Behind>>| {
                let place = Arc::clone(place);
                thread::spawn(move || {
                    visit(&place);
                    super::revocable::thread_ends();
                })
            };
            let (first, second) = (other(&place), other(&place));
            close(&place);
            first.join().unwrap();
            second.join().unwrap();
            assert_eq!(GIVEN_BACK.get(), 1, "exactly once");
        });
    }

    /// Its calls take all notes of a thread, so the innermost one is only counted.
    #[test]
    fn one_without_a_note_is_not_missed() {
        let mut limited = loom::model::Builder::new();
        limited.preemption_bound = Some(2);
        limited.max_branches = 10_000;
        limited.check(|| {
            let (crowded, place) = (opened(), opened());
            let other = {
                let (crowded, place) = (Arc::clone(&crowded), Arc::clone(&place));
                thread::spawn(move || {
                    let crowd: Vec<_> = (0..2).map(|_| crowded.enter().unwrap()).collect();
                    visit(&place);
                    drop(crowd);
                    super::revocable::thread_ends();
                })
            };
            close(&place);
            other.join().unwrap();
            assert_eq!(GIVEN_BACK.get(), 1, "exactly once");
            close(&crowded);
        });
    }
}
