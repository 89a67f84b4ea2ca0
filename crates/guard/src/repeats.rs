//! Errors that come again and again: the first of each kind is logged in full, the others are counted and
//! summed up once a minute.

use std::time::Duration;

use parking_lot::Mutex;

/// The time between two sums.
const MINUTE: u64 = Duration::from_secs(60).as_nanos() as u64;
/// How many kinds are told apart; all others count as one kind.
const KINDS: usize = 16;
const OTHERS: &str = "other errors";

/// The errors of one hook or function.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<Vec<Kind>>);

#[derive(Debug)]
struct Kind {
    /// What and where, in one line.
    what: String,
    /// How often it has come since it was last logged, and when that was.
    again: u64,
    told: u64,
}

impl Repeats {
    /// Whether an error of this kind is to be logged in full; if not, it is counted.
    pub fn is_new(&self, what: &str, now: u64) -> bool {
        let mut kinds = self.0.lock();
        let what = if kinds.len() < KINDS || kinds.iter().any(|kind| kind.what == what) {
            what
        } else {
            OTHERS
        };
        match kinds.iter_mut().find(|kind| kind.what == what) {
            Some(kind) => {
                kind.again += 1;
                false
            }
            None => {
                kinds.push(Kind { what: what.to_owned(), again: 0, told: now });
                true
            }
        }
    }

    /// The kinds that came again and have not been logged for a minute, and how often they came; with `all`,
    /// whenever they were logged.
    pub fn take(&self, now: u64, all: bool) -> Vec<(String, u64)> {
        let mut kinds = self.0.lock();
        let due = kinds
            .iter_mut()
            .filter(|kind| kind.again > 0 && (all || now.saturating_sub(kind.told) >= MINUTE));
        due.map(|kind| {
            kind.told = now;
            (kind.what.clone(), std::mem::take(&mut kind.again))
        })
        .collect()
    }

    /// From now on every kind is new again.
    pub fn forget(&self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_new_once_and_summed_up_after_a_minute() {
        let repeats = Repeats::default();
        assert!(repeats.is_new("a", 0) && repeats.is_new("b", 0));
        assert!(!repeats.is_new("a", 1) && !repeats.is_new("a", 2));
        assert_eq!(repeats.take(MINUTE - 1, false), []);
        assert_eq!(repeats.take(MINUTE, false), [("a".to_owned(), 2)]);
        assert_eq!(repeats.take(2 * MINUTE, true), []);
        repeats.forget();
        assert!(repeats.is_new("a", 3));
    }

    #[test]
    fn too_many_kinds_are_one() {
        let repeats = Repeats::default();
        let told = (0..1000).filter(|number| repeats.is_new(&number.to_string(), 0)).count();
        assert_eq!(told, KINDS + 1);
        assert_eq!(repeats.take(0, true), [(OTHERS.to_owned(), 1000 - KINDS as u64 - 1)]);
    }

    #[test]
    fn a_kind_that_is_told_waits_for_another_minute() {
        let repeats = Repeats::default();
        assert!(repeats.is_new("a", 7));
        assert!(!repeats.is_new("a", 8));
        assert_eq!(repeats.take(7 + MINUTE - 1, false), []);
        assert_eq!(repeats.take(7 + MINUTE, false), [("a".to_owned(), 1)]);
        assert!(!repeats.is_new("a", 9));
        assert_eq!(repeats.take(7 + 2 * MINUTE - 1, false), []);
        assert_eq!(repeats.take(7 + 2 * MINUTE, false), [("a".to_owned(), 1)]);
    }
}
