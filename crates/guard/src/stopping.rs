//! Stopping the threads of a script that is unloaded: they are asked to finish, then sent an exception.
//!
//! Timers, executors and event loops are asked again and again, for a thread may start to use one later. Threads
//! for which Python itself would wait have half of the time to end. Then SystemExit is sent to every thread that
//! is left, again and again too.

use std::time::{Duration, Instant};

/// The time between two looks at threads that were asked to stop.
const LOOK: Duration = Duration::from_millis(5);
/// How long daemon threads, for which nobody waits, have to notice a polite request.
const COURTESY: Duration = Duration::from_millis(60);

/// The threads of a script, wherever it runs.
pub trait Threads {
    /// How many there are.
    fn count(&mut self) -> usize;
    /// Asks timers, executors and event loops to finish. With `hurry` what waits in the queues of executors is
    /// cancelled. True when some of them are new since the last time.
    fn ask(&mut self, hurry: bool) -> bool;
    /// Whether one is left for which Python itself would wait.
    fn are_patient(&mut self) -> bool;
    /// Sends SystemExit to each, and wakes those that wait for a condition.
    fn send_exit(&mut self);
    /// Lets them run for a while.
    fn run(&mut self, time: Duration);
}

/// Stops the threads; the error is how many did not stop. If the deadline has passed already, they are asked once.
pub fn stop(threads: &mut impl Threads, deadline: Instant) -> Result<(), usize> {
    if threads.count() == 0 {
        return Ok(());
    }
    let start = Instant::now();
    let time = deadline.saturating_duration_since(start);
    let patience = start + time / 2;
    let mut courtesy = start + COURTESY.min(time);
    loop {
        let left = threads.count();
        if left == 0 {
            return Ok(());
        }
        let now = Instant::now();
        if threads.ask(now >= courtesy) {
            courtesy = courtesy.max(patience.min(now + COURTESY));
        }
        if now >= courtesy && (now >= patience || !threads.are_patient()) {
            threads.send_exit();
        }
        if now >= deadline {
            return Err(left);
        }
        threads.run(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that ends when it is asked, or sent an exception, or never.
    #[derive(Default)]
    struct Fake {
        ends_when_asked: bool,
        ends_by_exit: bool,
        is_patient: bool,
        is_gone: bool,
        asked: usize,
        hurried: usize,
        exits: usize,
    }

    impl Threads for Fake {
        fn count(&mut self) -> usize {
            usize::from(!self.is_gone)
        }

        fn ask(&mut self, hurry: bool) -> bool {
            self.asked += 1;
            self.hurried += usize::from(hurry);
            self.is_gone |= self.ends_when_asked;
            self.asked == 1
        }

        fn are_patient(&mut self) -> bool {
            self.is_patient
        }

        fn send_exit(&mut self) {
            self.exits += 1;
            self.is_gone |= self.ends_by_exit;
        }

        fn run(&mut self, time: Duration) {
            std::thread::sleep(time);
        }
    }

    fn stop_within(mut threads: Fake, time: Duration) -> (Result<(), usize>, Fake) {
        let stopped = stop(&mut threads, Instant::now() + time);
        (stopped, threads)
    }

    #[test]
    fn who_ends_when_asked_is_sent_no_exception() {
        let polite = Fake { ends_when_asked: true, ..Fake::default() };
        let (stopped, polite) = stop_within(polite, Duration::from_secs(60));
        assert_eq!((stopped, polite.asked, polite.exits), (Ok(()), 1, 0));
        let gone = Fake { is_gone: true, ..Fake::default() };
        assert_eq!(stop_within(gone, Duration::ZERO).1.asked, 0);
    }

    #[test]
    fn others_are_sent_one_after_a_while() {
        let start = Instant::now();
        let deaf = Fake { ends_by_exit: true, ..Fake::default() };
        let (stopped, deaf) = stop_within(deaf, Duration::from_secs(600));
        assert_eq!((stopped, deaf.exits, deaf.hurried), (Ok(()), 1, 1));
        assert!(start.elapsed() >= COURTESY && start.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn those_for_which_python_waits_have_half_of_the_time() {
        let start = Instant::now();
        let patient = Fake { ends_by_exit: true, is_patient: true, ..Fake::default() };
        let (stopped, patient) = stop_within(patient, Duration::from_millis(600));
        assert_eq!((stopped, patient.exits), (Ok(()), 1));
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn at_the_deadline_they_are_left() {
        let (stopped, stuck) = stop_within(Fake::default(), Duration::from_millis(100));
        assert_eq!(stopped, Err(1));
        assert!(stuck.exits >= 1);
        let (stopped, late) = stop_within(Fake::default(), Duration::ZERO);
        assert_eq!((stopped, late.asked, late.exits), (Err(1), 1, 1));
    }
}
