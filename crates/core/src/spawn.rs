//! Starts every thread of the library. Each has a name, and none dies in silence.

use std::io;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use crate::panics::{self, Point};

/// A thread that dies again sooner than this waits before it starts again, and longer each time.
const SOON: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Starts a thread that runs `body` once. The point is its name.
pub fn once(
    point: &'static Point,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    start(point, move || {
        if let Err(caught) = panics::catch(point, body) {
            caught.tell_of_thread("what it had to do is left undone");
        }
    })
}

/// Starts a thread that is needed as long as `is_wanted`: when it dies, it starts again. It ends when `body`
/// returns. Whoever waits for its end should unpark it.
pub fn lasting(
    point: &'static Point,
    is_wanted: impl Fn() -> bool + Send + 'static,
    mut body: impl FnMut() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    start(point, move || {
        let mut pause = Duration::ZERO;
        loop {
            let began = Instant::now();
            let Err(caught) = panics::catch(point, &mut body) else { return };
            caught.tell_of_thread("it is started again");
            pause = match pause {
                _ if began.elapsed() > SOON => Duration::ZERO,
                Duration::ZERO => FIRST_PAUSE,
                pause => (pause * 2).min(LONGEST_PAUSE),
            };
            wait(pause, &is_wanted);
            if !is_wanted() {
                return;
            }
        }
    })
}

fn start(point: &'static Point, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    Builder::new().name(point.name().to_owned()).spawn(run)
}

fn wait(time: Duration, is_wanted: &impl Fn() -> bool) {
    let end = Instant::now() + time;
    while is_wanted() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::log::tests::ONE;
    use crate::panics::point;

    #[test]
    fn a_lasting_thread_begins_anew_until_its_body_returns() {
        let _one = ONE.lock();
        let rounds = Arc::new(AtomicU32::new(0));
        let body = {
            let rounds = Arc::clone(&rounds);
            move || assert!(rounds.fetch_add(1, Ordering::Relaxed) >= 3, "it dies")
        };
        let began = Instant::now();
        lasting(point!("test-thread"), || true, body).unwrap().join().unwrap();
        assert_eq!(rounds.load(Ordering::Relaxed), 4);
        assert!(began.elapsed() >= FIRST_PAUSE * (1 + 2 + 4), "each pause is longer");
    }

    #[test]
    fn one_that_is_not_wanted_any_more_does_not_begin_anew() {
        let _one = ONE.lock();
        let rounds = Arc::new(AtomicU32::new(0));
        let (counted, seen) = (Arc::clone(&rounds), Arc::clone(&rounds));
        let is_wanted = move || seen.load(Ordering::Relaxed) < 3;
        let body = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("it dies");
        };
        lasting(point!("test-unwanted"), is_wanted, body).unwrap().join().unwrap();
        assert_eq!(rounds.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_thread_that_runs_once_has_the_name_of_its_point() {
        let _one = ONE.lock();
        let (give, take) = std::sync::mpsc::channel();
        let body = move || {
            give.send(std::thread::current().name().map(str::to_owned)).unwrap();
            panic!("it dies, and nobody else does");
        };
        once(point!("test-once"), body).unwrap().join().unwrap();
        assert_eq!(take.recv().unwrap().as_deref(), Some("test-once"));
        assert!(take.recv().is_err(), "once");
    }

    #[test]
    fn who_waits_for_it_wakes_it() {
        let wanted = Arc::new(AtomicU32::new(1));
        let seen = Arc::clone(&wanted);
        let began = Instant::now();
        let waits = std::thread::spawn(move || {
            wait(Duration::from_secs(3600), &|| seen.load(Ordering::Relaxed) > 0);
        });
        wanted.store(0, Ordering::Relaxed);
        while !waits.is_finished() {
            waits.thread().unpark();
            std::thread::yield_now();
        }
        assert!(began.elapsed() < Duration::from_secs(600));
        waits.join().unwrap();
    }
}
