//! Who is inside of a script's process, so that nobody is when the script moves to another one.
//!
//! The lock is a leaf lock, and is not held while anybody is inside.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// The way into a script's process.
#[derive(Debug, Default)]
pub struct Gate {
    inner: Mutex<Inner>,
    has_changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    /// The threads of the calls that are inside.
    inside: Vec<u64>,
    /// The thread that has closed it.
    closed_by: Option<u64>,
}

/// A call is inside until this is dropped.
#[derive(Debug)]
pub struct Inside<'g> {
    gate: &'g Gate,
    thread: u64,
}

/// Only the thread that has closed the gate gets in until this is dropped.
#[derive(Debug)]
pub struct Closed<'g>(&'g Gate);

impl Gate {
    /// Goes in, when the gate is open or opens until the deadline. Whoever is inside already, or has closed it, gets
    /// in at any time.
    pub fn enter(&self, thread: u64, deadline: Option<Instant>) -> Option<Inside<'_>> {
        let mut inner = self.inner.lock();
        while inner.keeps_out(thread) {
            match deadline {
                None => self.has_changed.wait(&mut inner),
                Some(end) => {
                    let is_late = self.has_changed.wait_until(&mut inner, end).timed_out();
                    if is_late && inner.keeps_out(thread) {
                        return None;
                    }
                }
            }
        }
        inner.inside.push(thread);
        Some(Inside { gate: self, thread })
    }

    /// Closes it when nobody is inside, or leaves it open when somebody stays for longer.
    pub fn close(&self, thread: u64, patience: Duration) -> Option<Closed<'_>> {
        let mut inner = self.inner.lock();
        if inner.closed_by.is_some() || inner.inside.contains(&thread) {
            return None;
        }
        inner.closed_by = Some(thread);
        let closed = Closed(self);
        let deadline = Instant::now() + patience;
        while !inner.inside.is_empty() {
            if self.has_changed.wait_until(&mut inner, deadline).timed_out() {
                break;
            }
        }
        let is_empty = inner.inside.is_empty();
        // Opening it takes the lock.
        drop(inner);
        is_empty.then_some(closed)
    }
}

impl Inner {
    fn keeps_out(&self, thread: u64) -> bool {
        self.closed_by.is_some_and(|by| by != thread) && !self.inside.contains(&thread)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut inner = self.gate.inner.lock();
        if let Some(place) = inner.inside.iter().position(|thread| *thread == self.thread) {
            inner.inside.swap_remove(place);
        }
        if inner.closed_by.is_some() {
            self.gate.has_changed.notify_all();
        }
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.inner.lock().closed_by = None;
        self.0.has_changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    fn soon() -> Option<Instant> {
        Some(Instant::now() + SHORT)
    }

    #[test]
    fn nobody_else_gets_in_while_it_is_closed() {
        let gate = Gate::default();
        let closed = gate.close(1, SHORT).unwrap();
        assert!(gate.enter(2, soon()).is_none());
        assert!(gate.enter(1, soon()).is_some(), "what the script calls at its end");
        assert!(gate.close(2, SHORT).is_none());
        drop(closed);
        assert!(gate.enter(2, soon()).is_some());
    }

    #[test]
    fn it_stays_open_while_somebody_is_inside() {
        let gate = Gate::default();
        let inside = gate.enter(1, None).unwrap();
        assert!(gate.close(1, SHORT).is_none() && gate.close(2, SHORT).is_none());
        let again = gate.enter(1, None);
        drop(inside);
        assert!(gate.close(2, SHORT).is_none(), "a call inside of a call");
        drop(again);
        assert!(gate.close(2, SHORT).is_some());
    }

    #[test]
    fn who_waits_gets_in_when_it_opens() {
        let gate = Gate::default();
        let inside = gate.enter(1, None);
        std::thread::scope(|scope| {
            let closing = scope.spawn(|| gate.close(2, Duration::from_secs(60)).is_some());
            while gate.inner.lock().closed_by.is_none() {
                std::thread::yield_now();
            }
            assert!(gate.enter(1, None).is_some(), "a call inside of a call does not wait");
            let entering = scope.spawn(|| gate.enter(3, None).is_some());
            drop(inside);
            assert!(closing.join().unwrap() && entering.join().unwrap());
        });
    }
}
