//! Whether a thread has had time enough for what is expected of it. On a busy machine it may not have run at
//! all yet, and then it cannot be judged.

use std::time::Duration;

/// A thread that runs Python code gives its lock away, and takes an exception, within some milliseconds of
/// its own time.
const LONG: Duration = Duration::from_millis(30);

/// A thread, and how long it had run when this was made.
#[derive(Debug)]
pub struct Turn {
    thread: i32,
    before: Option<Duration>,
}

impl Turn {
    /// Counts from now on; `thread` is the kernel's number.
    pub fn of(thread: i32) -> Turn {
        Turn { thread, before: State::of(thread).map(|state| state.ran) }
    }

    /// Whether it has run for long since then, or waits for something while `other` waits too.
    pub fn is_over(&self, other: i32) -> bool {
        // Where the kernel does not tell, the time alone has to do.
        let (Some(before), Some(now)) = (self.before, State::of(self.thread)) else { return true };
        let ran = now.ran.saturating_sub(before);
        let both_wait = now.waits && State::of(other).is_none_or(|other| other.waits);
        ran >= LONG || (both_wait && ran.is_zero())
    }
}

/// What the kernel tells of a thread.
struct State {
    waits: bool,
    ran: Duration,
}

impl State {
    /// None when there is no such thread.
    fn of(thread: i32) -> Option<State> {
        State::parse(&std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?)
    }

    /// Reads proc(5): the third field is the state, the 14th and 15th are times.
    fn parse(text: &str) -> Option<State> {
        // The name, which is the second field, may hold anything.
        let (_, fields) = text.rsplit_once(") ")?;
        let fields: Vec<_> = fields.split(' ').collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        // SAFETY: may be asked at any time.
        let ticks_a_second = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) }).ok()?;
        let ran = Duration::from_millis(ticks * 1000 / ticks_a_second.max(1));
        Some(State { waits: fields[0] != "R", ran })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    fn own_number() -> i32 {
        // SAFETY: always allowed.
        unsafe { libc::gettid() }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it does not know how long a tick is")]
    fn reads_what_the_kernel_writes() {
        let text = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 2 3 4 250 130 0 0 20 0 1 0 0 0 0 0";
        let state = State::parse(text).unwrap();
        // SAFETY: may be asked at any time.
        let ticks_a_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as u64;
        assert!(state.waits);
        assert_eq!(state.ran, Duration::from_millis(380 * 1000 / ticks_a_second));
        assert!(State::parse("7 (x) R 1 2").is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn a_thread_that_runs_has_its_turn_after_a_while() {
        let turn = Turn::of(own_number());
        assert!(!turn.is_over(own_number()), "it runs, and not for long");
        let start = Instant::now();
        while !turn.is_over(own_number()) {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        assert!(start.elapsed() >= LONG / 2);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn a_thread_that_waits_has_its_turn_at_once() {
        let (give, take) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            give.send(own_number()).unwrap();
            ended.recv().unwrap_err();
        });
        let turn = Turn::of(take.recv().unwrap());
        let start = Instant::now();
        while !turn.is_over(turn.thread) {
            assert!(start.elapsed() < Duration::from_secs(60));
        }
        assert!(!turn.is_over(own_number()), "the other one runs");
        assert!(turn.is_over(0), "there is no other");
        drop(end);
        sleeper.join().unwrap();
    }
}
