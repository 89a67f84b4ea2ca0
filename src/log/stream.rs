//! The process's standard output as the log: records and what scripts print. Each begins a line, so that no
//! script can write what looks like a record, or hide one behind what it printed before.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::plain::{self, LONGEST};
use crate::standard_output;

/// Who writes: a script, by its serial, to standard output or standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Writer {
    /// None for nobody that is known.
    pub serial: Option<u64>,
    /// 1 or 2.
    pub file: i32,
}

/// A line that has begun and not ended.
#[derive(Clone, Copy, Debug)]
struct Line {
    writer: Writer,
    /// Bytes of it that are written, and those that are too many.
    length: usize,
    left_out: usize,
}

/// The line that is open, if one is. Held while writing, so that lines of several threads do not mix.
static OPEN: Mutex<Option<Line>> = Mutex::new(None);
/// Whether one is, for the crash handler.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Whether what comes next would go on with a line of a script.
pub fn is_line_open() -> bool {
    IS_OPEN.load(Ordering::Relaxed)
}

/// Writes a record, behind what the host's `printf` still holds.
pub fn write_record(record: &str) {
    standard_output::flush();
    let mut open = OPEN.lock();
    // Standard output is closed or full: there is nowhere left to say so.
    let _ = end_line(&mut open)
        .and_then(|()| standard_output::write_all(libc::STDOUT_FILENO, record.as_bytes()));
}

/// What is to be written of a piece of a script's output.
#[derive(Debug)]
pub struct Piece {
    /// The text, with the label before each line that begins.
    pub text: String,
    /// How much of that the labels are.
    pub labels: usize,
    line: Option<Line>,
}

/// Writes what `writer` prints; each line begins with the label, and is cut when `is_cut` and it is long.
/// `admit` may shorten the piece.
pub fn write<T>(
    writer: Writer,
    label: &str,
    data: &[u8],
    is_cut: bool,
    admit: impl FnOnce(&mut Piece) -> T,
) -> (io::Result<()>, T) {
    let mut open = OPEN.lock();
    let own = open.filter(|line| line.writer == writer);
    let mut piece = compose(writer, label, data, own, if is_cut { LONGEST } else { usize::MAX });
    let admitted = admit(&mut piece);
    if piece.text.is_empty() {
        // It is dropped, or goes on with a line that is cut.
        if own.is_some() && piece.line.is_some() {
            set_open(&mut open, piece.line);
        }
        return (Ok(()), admitted);
    }
    let ended = if own.is_none() { end_line(&mut open) } else { Ok(()) };
    let written =
        ended.and_then(|()| standard_output::write_all(writer.file, piece.text.as_bytes()));
    set_open(&mut open, piece.line);
    (written, admitted)
}

impl Piece {
    /// Keeps only so many bytes, and ends the line there.
    pub fn shorten(&mut self, length: usize) {
        self.text.truncate(plain::start_of_character(self.text.as_bytes(), length));
        if !self.text.is_empty() {
            self.text.push_str("…\n");
        }
        self.line = None;
    }
}

fn set_open(open: &mut Option<Line>, line: Option<Line>) {
    *open = line;
    IS_OPEN.store(line.is_some(), Ordering::Relaxed);
}

/// Ends the line that is open, whoever wrote it.
fn end_line(open: &mut Option<Line>) -> io::Result<()> {
    let Some(line) = *open else { return Ok(()) };
    set_open(open, None);
    standard_output::write_all(line.writer.file, end_of(line.left_out).as_bytes())
}

/// How a line ends of which so much was left out.
fn end_of(left_out: usize) -> String {
    match left_out {
        0 => "\n".to_owned(),
        _ => format!("… ({left_out} more bytes)\n"),
    }
}

fn compose(
    writer: Writer,
    label: &str,
    data: &[u8],
    mut open: Option<Line>,
    longest: usize,
) -> Piece {
    let mut text = String::with_capacity(data.len() + label.len());
    let mut labels = 0;
    for part in data.split_inclusive(|&byte| byte == b'\n') {
        let mut line = open.take().unwrap_or_else(|| {
            text.push_str(label);
            labels += label.len();
            Line { writer, length: 0, left_out: 0 }
        });
        let content = part.strip_suffix(b"\n").unwrap_or(part);
        let ends = content.len() < part.len();
        let content = content.strip_suffix(b"\r").filter(|_| ends).unwrap_or(content);
        let room = if line.left_out > 0 { 0 } else { longest.saturating_sub(line.length) };
        // Each byte takes one at least: what comes behind so many is left out, and need not be read.
        let read = plain::start_of_character(content, room.min(content.len()));
        let plain = plain::line_of(&content[..read]);
        let kept = plain::start_of_character(plain.as_bytes(), room.min(plain.len()));
        text.push_str(&plain[..kept]);
        line.length += kept;
        line.left_out += plain.len() - kept + content.len() - read;
        if ends {
            text.push_str(&end_of(line.left_out));
        } else {
            open = Some(line);
        }
    }
    Piece { text, labels, line: open }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITER: Writer = Writer { serial: Some(7), file: 1 };

    #[test]
    fn each_line_begins_with_the_label_once() {
        let first = compose(WRITER, "[x] ", b"one\r\ntwo", None, 100);
        assert_eq!((first.text.as_str(), first.labels), ("[x] one\n[x] two", 8));
        let second = compose(WRITER, "[x] ", b" three\n\n", first.line, 100);
        assert_eq!((second.text.as_str(), second.labels), (" three\n[x] \n", 4));
        assert!(second.line.is_none());
    }

    #[test]
    fn long_lines_are_cut_however_they_are_written() {
        let mut text = String::new();
        let mut open = None;
        for part in ["0123", "4567", "89ä", "ä", "\nnext\n"] {
            let piece = compose(WRITER, "", part.as_bytes(), open, 11);
            text.push_str(&piece.text);
            open = piece.line;
        }
        assert_eq!(text, "0123456789… (4 more bytes)\nnext\n");
    }

    #[test]
    fn what_is_shortened_ends_between_characters() {
        for length in 0..=12 {
            let mut piece = compose(WRITER, "", "aé中\u{1F600}bc".as_bytes(), None, 100);
            let whole = piece.text.clone();
            piece.shorten(length);
            let kept = piece.text.strip_suffix("…\n").unwrap_or(&piece.text);
            assert!(whole.starts_with(kept) && kept.len() <= length, "{kept:?}");
            assert!(kept.len() + 4 > length || kept == whole, "{kept:?} of {length} bytes");
            assert!(piece.line.is_none());
        }
    }
}
