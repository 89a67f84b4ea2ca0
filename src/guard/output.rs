//! How much a script may write into the log: what it prints beyond so much a minute is dropped, and
//! the log says how much that was.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::config;

/// What a script may write in a minute, in KiB, when `VH_PYTHON_OUTPUT_LIMIT` does not say.
const LIMIT: f64 = 128.0;
const MINUTE: u64 = 60_000_000_000;

/// What one script wrote lately.
#[derive(Debug)]
pub struct Output {
    /// Bytes a minute; 0 is no limit.
    limit: u64,
    window: Mutex<Window>,
    /// Whether it has begun a line of standard output or standard error that has not ended.
    inside_line: [AtomicBool; 2],
}

/// The current minute.
#[derive(Debug, Default)]
struct Window {
    started: u64,
    written: u64,
    dropped: u64,
}

/// What becomes of a piece of output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is written.
    Write,
    /// Only so many bytes of it are written; it is the first this minute that is too much.
    Cut(usize),
    /// It is dropped.
    Drop,
}

impl Output {
    /// As the environment says.
    pub fn from_environment() -> Output {
        let limit = config::number("VH_PYTHON_OUTPUT_LIMIT", LIMIT);
        Output::limited((limit * 1024.0) as u64)
    }

    fn limited(limit: u64) -> Output {
        Output { limit, window: Mutex::default(), inside_line: Default::default() }
    }

    /// Whether the script has begun a line of this file that has not ended.
    pub fn is_inside_line(&self, file: i32) -> bool {
        self.line(file).load(Ordering::Relaxed)
    }

    /// The same, from now on.
    pub fn set_inside_line(&self, file: i32, is_inside: bool) {
        self.line(file).store(is_inside, Ordering::Relaxed);
    }

    fn line(&self, file: i32) -> &AtomicBool {
        &self.inside_line[usize::from(file == 2)]
    }

    /// Bytes a minute.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Counts a piece of output, with what the library writes around it.
    pub fn admit(&self, length: usize, around: usize, now: u64) -> Verdict {
        if self.limit == 0 {
            return Verdict::Write;
        }
        let mut window = self.window.lock();
        // A minute in which something was dropped ends with `take_dropped`, which tells it.
        if window.dropped == 0 && now.saturating_sub(window.started) >= MINUTE {
            *window = Window { started: now, ..Window::default() };
        }
        if window.dropped > 0 {
            window.dropped += length as u64;
            return Verdict::Drop;
        }
        let length = (length + around) as u64;
        let rest = self.limit.saturating_sub(window.written);
        if length <= rest {
            window.written += length;
            return Verdict::Write;
        }
        window.dropped = length - rest;
        Verdict::Cut(rest as usize)
    }

    /// How much was dropped in the minute that is over now, or `at_once` in the one that is not.
    pub fn take_dropped(&self, now: u64, at_once: bool) -> Option<u64> {
        let mut window = self.window.lock();
        let is_over = at_once || now.saturating_sub(window.started) >= MINUTE;
        if window.dropped == 0 || !is_over {
            return None;
        }
        let dropped = window.dropped;
        *window = Window { started: now, ..Window::default() };
        Some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_dropped_until_the_minute_is_over() {
        let output = Output::limited(100);
        assert_eq!(output.admit(60, 0, 0), Verdict::Write);
        assert_eq!(output.admit(50, 10, 1), Verdict::Cut(40));
        assert_eq!(output.admit(1, 10, 2), Verdict::Drop);
        assert_eq!(output.take_dropped(MINUTE - 1, false), None);
        assert_eq!(output.take_dropped(MINUTE, false), Some(21));
        assert_eq!(output.admit(60, 0, MINUTE + 1), Verdict::Write);
        assert_eq!(output.take_dropped(2 * MINUTE, true), None);
        assert_eq!(output.admit(40, 0, MINUTE + 2), Verdict::Write);
        assert_eq!(output.admit(1, 0, MINUTE + 3), Verdict::Cut(0));
    }

    #[test]
    fn a_calm_script_writes_on() {
        let output = Output::limited(100);
        for minute in 0..10 {
            assert_eq!(output.admit(90, 0, minute * MINUTE), Verdict::Write);
        }
    }
}
