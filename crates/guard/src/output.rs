//! Limits what a script may write into the log: what it prints beyond so much a minute is dropped, and the
//! log says how much that was. Errors have a reserve of their own, so that no output hides them.

use std::io;

use parking_lot::Mutex;

use super::script::ScriptInfo;
use vh_core::clock;
use vh_core::config;
use vh_core::log::plain;
use vh_core::log::stream::{self, Writer};

/// What a script may write in a minute, in KiB, unless `VH_PYTHON_OUTPUT_LIMIT` says otherwise.
const LIMIT: f64 = 128.0;
const MINUTE: u64 = 60_000_000_000;
/// Errors may take one part in so many of it on top.
const RESERVE: u64 = 8;

/// What one script has written lately. Its lock is taken under `log::stream::OPEN`, and no other under it.
#[derive(Debug)]
pub struct Output {
    /// Bytes a minute; 0 is no limit.
    limit: u64,
    window: Mutex<Window>,
}

/// The current minute.
#[derive(Debug, Default)]
struct Window {
    started: u64,
    written: u64,
    /// What errors have taken of their reserve.
    reserve: u64,
    dropped: u64,
}

/// What kind of output it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Output,
    Error,
}

/// What becomes of a piece of output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is written.
    Write,
    /// Only so many bytes of it are written: it is the first piece of this minute that is too much.
    Cut(usize),
    /// It is dropped.
    Drop,
}

impl Output {
    /// With the limit that the environment says.
    pub fn from_environment() -> Output {
        let limit = config::number("VH_PYTHON_OUTPUT_LIMIT", LIMIT);
        Output::limited((limit * 1024.0) as u64)
    }

    fn limited(limit: u64) -> Output {
        Output { limit, window: Mutex::default() }
    }

    /// How many bytes a minute may be written.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Whether a piece of output is dropped whatever it says, so that it need not be read: something of this
    /// minute was dropped before it. Then the piece is counted.
    pub fn drops(&self, length: usize) -> bool {
        let mut window = self.window.lock();
        let drops = window.dropped > 0;
        if drops {
            window.dropped += length as u64;
        }
        drops
    }

    /// Counts a piece of output, with what the library writes around it.
    pub fn admit(&self, kind: Kind, length: usize, around: usize, now: u64) -> Verdict {
        if self.limit == 0 {
            return Verdict::Write;
        }
        let mut window = self.window.lock();
        // A minute in which something was dropped ends with `take_dropped`, which tells it.
        if window.dropped == 0 && now.saturating_sub(window.started) >= MINUTE {
            *window = Window { started: now, ..Window::default() };
        }
        let whole = (length + around) as u64;
        let rest = self.limit.saturating_sub(window.written);
        if window.dropped == 0 && whole <= rest {
            window.written += whole;
            return Verdict::Write;
        }
        if kind == Kind::Error && window.reserve + whole <= self.limit / RESERVE {
            window.reserve += whole;
            return Verdict::Write;
        }
        if window.dropped > 0 {
            window.dropped += length as u64;
            return Verdict::Drop;
        }
        window.dropped = whole - rest;
        Verdict::Cut(rest as usize)
    }

    /// How much was dropped in the minute that is over; with `at_once` also in one that is not over.
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

/// Logs that the script's output is dropped from now on, if this verdict is the first to drop some.
pub fn tell_limit(script: Option<&ScriptInfo>, verdict: Verdict) {
    if let (Some(script), Verdict::Cut(_)) = (script, verdict) {
        tracing::warn!(
            script = %script.label,
            "writes more than {} KiB a minute: what it writes in the rest of this minute is dropped",
            script.output.limit() / 1024
        );
    }
}

/// Calls `log` with as much as may be written of a record that a script logs. The record costs `around` bytes
/// more than its text.
pub fn log_within_limit(
    script: &ScriptInfo,
    kind: Kind,
    text: &str,
    around: usize,
    log: impl FnOnce(&str),
) {
    let output = &script.output;
    if kind == Kind::Output && output.drops(text.len()) {
        return;
    }
    let length = plain::block(text).len();
    let verdict = output.admit(kind, length, around, clock::ticking());
    match verdict {
        Verdict::Write => log(text),
        Verdict::Cut(length) if length > around => {
            let end = plain::start_of_character(text.as_bytes(), (length - around).min(text.len()));
            log(&format!("{}… ({} more bytes)", &text[..end], text.len() - end));
        }
        Verdict::Cut(_) | Verdict::Drop => {}
    }
    tell_limit(Some(script), verdict);
}

/// Writes a piece that a script prints to a file, 1 or 2. Each line begins with the script's label, which counts for
/// the limit too. The caller must then call [`tell_limit`], with no lock held.
pub fn print(script: &ScriptInfo, file: i32, data: &[u8]) -> (io::Result<()>, Verdict) {
    let output = &script.output;
    if output.drops(data.len()) {
        return (Ok(()), Verdict::Drop);
    }
    let writer = Writer { serial: Some(script.serial), file };
    let label = format!("PY: [{}] ", script.label);
    stream::write(writer, &label, data, output.limit() > 0, |piece| {
        let length = piece.text.len() - piece.labels;
        let verdict = output.admit(Kind::Output, length, piece.labels, clock::ticking());
        match verdict {
            Verdict::Write => {}
            Verdict::Cut(length) => piece.shorten(length),
            Verdict::Drop => piece.shorten(0),
        }
        verdict
    })
}

/// Logs an error of a script that Python itself reports.
pub fn log_error(script: &ScriptInfo, text: &str) {
    let around = "PY: [] \n".len() + script.label.len();
    log_within_limit(script, Kind::Error, text, around, |text| {
        tracing::error!(script = %script.label, "{text}");
    });
}

/// Logs what a script gave to `vh.log`, with a level of Python's logging; without one it counts as the script's own
/// print.
pub fn log_record(script: &ScriptInfo, level: Option<i64>, text: &str) {
    let label = script.label.as_str();
    let around = "PY: [] \n".len() + label.len();
    let is_error = level.is_some_and(|level| level >= 40);
    let kind = if is_error { Kind::Error } else { Kind::Output };
    log_within_limit(script, kind, text, around, |text| match level.unwrap_or(i64::MAX) {
        40.. => tracing::error!(target: "script", script = label, "{text}"),
        30..40 => tracing::warn!(target: "script", script = label, "{text}"),
        20..30 => tracing::info!(target: "script", script = label, "{text}"),
        10..20 => tracing::debug!(target: "script", script = label, "{text}"),
        _ => tracing::trace!(target: "script", script = label, "{text}"),
    });
}

/// Logs how much of a script's output was dropped.
pub fn tell_dropped(script: &ScriptInfo, now: u64, at_once: bool) {
    if let Some(dropped) = script.output.take_dropped(now, at_once) {
        tracing::warn!(script = %script.label, "{dropped} bytes that it wrote were dropped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;
    use vh_testing::{told, with_variable};

    #[test]
    fn what_is_too_much_is_dropped_until_the_minute_is_over() {
        let output = Output::limited(100);
        assert_eq!(output.admit(Kind::Output, 60, 0, 0), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 50, 10, 1), Verdict::Cut(40));
        assert_eq!(output.admit(Kind::Output, 1, 10, 2), Verdict::Drop);
        assert!(output.drops(4));
        assert_eq!(output.take_dropped(MINUTE - 1, false), None);
        assert_eq!(output.take_dropped(MINUTE, false), Some(25));
        assert!(!output.drops(4));
        assert_eq!(output.admit(Kind::Output, 60, 0, MINUTE + 1), Verdict::Write);
        assert_eq!(output.take_dropped(2 * MINUTE, true), None);
        assert_eq!(output.admit(Kind::Output, 40, 0, MINUTE + 2), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 1, 0, MINUTE + 3), Verdict::Cut(0));
    }

    #[test]
    fn errors_have_a_reserve() {
        let output = Output::limited(800);
        assert_eq!(output.admit(Kind::Error, 300, 0, 0), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 600, 0, 0), Verdict::Cut(500));
        assert_eq!(output.admit(Kind::Error, 50, 10, 0), Verdict::Write);
        assert_eq!(output.admit(Kind::Error, 50, 10, 0), Verdict::Drop);
        assert_eq!(output.admit(Kind::Error, 40, 0, 0), Verdict::Write);
        assert_eq!(output.take_dropped(0, true), Some(150));
        assert_eq!(output.admit(Kind::Error, 300, 0, 0), Verdict::Write);
    }

    #[test]
    fn a_calm_script_writes_on() {
        let output = Output::limited(100);
        for minute in 0..10 {
            assert_eq!(output.admit(Kind::Output, 90, 0, minute * MINUTE), Verdict::Write);
        }
    }

    #[test]
    fn the_default_is_what_the_documents_tell() {
        assert_eq!(LIMIT, vh_testing::documented("VH_PYTHON_OUTPUT_LIMIT"));
    }

    #[test]
    fn the_environment_says_how_much_may_be_written() {
        let _hub = FakeHub::begin(|_| false);
        let limited =
            |limit| with_variable("VH_PYTHON_OUTPUT_LIMIT", limit, Output::from_environment);
        assert_eq!(Output::from_environment().limit(), 128 * 1024);
        assert_eq!(limited("2").limit(), 2048);
        let unlimited = limited("0");
        assert_eq!(unlimited.admit(Kind::Output, 1 << 40, 0, 0), Verdict::Write);
        assert_eq!(unlimited.admit(Kind::Output, 1 << 40, 0, 0), Verdict::Write);
    }

    #[test]
    fn a_minute_begins_with_the_first_output_after_the_last_one() {
        let output = Output::limited(100);
        assert_eq!(output.admit(Kind::Output, 60, 0, MINUTE), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 40, 0, 2 * MINUTE - 1), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 100, 0, 2 * MINUTE), Verdict::Write);
        assert_eq!(output.admit(Kind::Output, 3, 4, 2 * MINUTE), Verdict::Cut(0));
        assert_eq!(output.take_dropped(3 * MINUTE - 1, false), None);
        assert_eq!(output.take_dropped(3 * MINUTE - 1, true), Some(7));
    }

    /// A script whose limit is 1 KiB a minute.
    fn small(id: i32) -> std::sync::Arc<ScriptInfo> {
        with_variable("VH_PYTHON_OUTPUT_LIMIT", "1", || script(id, "a.py", ""))
    }

    fn logged(script: &ScriptInfo, kind: Kind, text: &str, around: usize) -> (Vec<String>, String) {
        let mut logged = Vec::new();
        let ((), told) = told(|| {
            log_within_limit(script, kind, text, around, |text| logged.push(text.to_owned()));
        });
        (logged, told)
    }

    #[test]
    fn a_record_that_is_too_much_is_cut_between_characters() {
        let _hub = FakeHub::begin(|_| false);
        let script = small(1);
        let short = "x".repeat(500);
        assert_eq!(logged(&script, Kind::Output, &short, 12), (vec![short], String::new()));
        // 512 bytes are left, of which 11 are around the text: the last character does not fit in.
        let long = "é".repeat(300);
        let (lines, told) = logged(&script, Kind::Output, &long, 11);
        assert_eq!(lines, [format!("{}… (100 more bytes)", "é".repeat(250))]);
        let line =
            "WARN writes more than 1 KiB a minute: what it writes in the rest of this minute is";
        assert!(told.starts_with(line) && told.contains("script=1:a.py"), "{told}");
        assert_eq!(logged(&script, Kind::Output, "more", 1), (Vec::new(), String::new()));
        let error = vec!["why".to_owned()];
        assert_eq!(logged(&script, Kind::Error, "why", 100), (error, String::new()));
        let ((), told) = vh_testing::told(|| tell_dropped(&script, 0, true));
        assert_eq!(told, "WARN 103 bytes that it wrote were dropped script=1:a.py\n");
        let ((), told) = vh_testing::told(|| tell_dropped(&script, 0, true));
        assert_eq!(told, "");
    }

    #[test]
    fn a_record_of_which_nothing_fits_is_dropped() {
        let _hub = FakeHub::begin(|_| false);
        for (length, around) in [(1000, 24), (1014, 10), (1000, 10)] {
            let script = small(2);
            logged(&script, Kind::Output, &"x".repeat(length), 0);
            let (lines, told) = logged(&script, Kind::Output, &"y".repeat(50), around);
            let kept = 1024 - length;
            let expected = (kept > around).then(|| {
                format!("{}… ({} more bytes)", "y".repeat(kept - around), 50 - kept + around)
            });
            assert_eq!(lines, Vec::from_iter(expected));
            assert!(told.contains("writes more than 1 KiB"));
        }
    }
}
