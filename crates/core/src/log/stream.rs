//! The process's standard output as the log: records and what scripts print. Each begins a line, so that no
//! script can write what looks like a record, or hide one behind what it printed before. This is the only way
//! to standard output; the crash handler alone writes past it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::plain::{self, LONGEST};
use crate::standard_output;

/// Who writes: a script, to standard output or standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Writer {
    /// The serial of the script; None when it is not known who writes.
    pub serial: Option<u64>,
    /// 1 or 2.
    pub file: i32,
}

/// A line that was begun and not ended.
#[derive(Clone, Copy, Debug)]
struct Line {
    writer: Writer,
    /// How many bytes of it were written, and how many were left out.
    length: usize,
    left_out: usize,
}

/// The open line, if there is one. Held while writing, so that lines of several threads do not mix.
static OPEN: Mutex<Option<Line>> = Mutex::new(None);
/// Whether a line is open, for the crash handler.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Whether what is written next would continue a line of a script.
pub fn is_line_open() -> bool {
    IS_OPEN.load(Ordering::Relaxed)
}

/// Writes a record, after what the host's `printf` has buffered.
pub fn write_record(record: &str) {
    standard_output::flush();
    let mut open = OPEN.lock();
    // Standard output is closed or full: there is nowhere left to say so.
    let _ = end_line(&mut open)
        .and_then(|()| standard_output::write_all(libc::STDOUT_FILENO, record.as_bytes()));
}

/// What is to be written of a piece that a script prints.
#[derive(Debug)]
pub struct Piece {
    /// The text, with the label in front of each line that begins in it.
    pub text: String,
    /// How many bytes of it are labels.
    pub labels: usize,
    line: Option<Line>,
}

/// Writes what `writer` prints. Each line begins with the label, and long lines are cut if `is_cut`. `admit`
/// may shorten the piece.
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
        // The piece is dropped, or it continues a line that has been cut.
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
    /// Keeps only this many bytes, and ends the line there.
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

/// Ends the open line, whoever began it.
fn end_line(open: &mut Option<Line>) -> io::Result<()> {
    let Some(line) = *open else { return Ok(()) };
    set_open(open, None);
    standard_output::write_all(line.writer.file, end_of(line.left_out).as_bytes())
}

/// The end of a line of which this much was left out.
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
        // Each byte becomes at least one, so what comes after this many is left out in any case and need not
        // be read.
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
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    use crate::log::tests::ONE;

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

    /// What is written into a pipe, which stands for a script's output, by a test that has the standard
    /// output of the process to itself.
    fn written(test: impl FnOnce(i32)) -> String {
        let _one = ONE.lock();
        let (mut out, into) = io::pipe().unwrap();
        test(into.as_raw_fd());
        drop(into);
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    }

    fn print(writer: Writer, text: &str) {
        let (result, ()) = write(writer, "[x] ", text.as_bytes(), true, |_| ());
        result.unwrap();
    }

    #[test]
    fn a_line_goes_on_until_somebody_else_writes() {
        let text = written(|file| {
            let [one, other] = [1, 2].map(|serial| Writer { serial: Some(serial), file });
            assert!(!is_line_open());
            print(one, "a");
            assert!(is_line_open());
            print(one, "b");
            print(other, "c\n");
            assert!(!is_line_open());
            print(one, "d");
            write_record("PY: a record\n");
            assert!(!is_line_open());
            print(one, "e\n");
        });
        assert_eq!(text, "[x] ab\n[x] c\n[x] d\n[x] e\n");
    }

    #[test]
    fn a_line_that_was_cut_says_so_when_it_ends() {
        let text = written(|file| {
            let writer = Writer { serial: Some(1), file };
            print(writer, &"x".repeat(LONGEST + 5));
            print(writer, "yy");
            print(writer, "\n");
            write(writer, "", &vec![b'z'; LONGEST + 1], false, |_| ()).0.unwrap();
            write_record("PY: a record\n");
            print(writer, &"x".repeat(LONGEST + 7));
            write_record("PY: another\n");
        });
        let x = "x".repeat(LONGEST);
        let z = "z".repeat(LONGEST + 1);
        let end = "… (7 more bytes)\n";
        assert_eq!(text, format!("[x] {x}{end}{z}\n[x] {x}{end}"));
    }

    #[test]
    fn who_admits_may_shorten_a_piece_or_drop_it() {
        let text = written(|file| {
            let writer = Writer { serial: Some(1), file };
            print(writer, "a");
            let shorten = |length: usize| move |piece: &mut Piece| piece.shorten(length);
            write(writer, "", b"bcd", true, shorten(2)).0.unwrap();
            assert!(!is_line_open(), "it ends there");
            print(writer, "e");
            write(writer, "", b"fgh\n", true, shorten(0)).0.unwrap();
            assert!(is_line_open(), "what was dropped ends nothing");
            let (result, number) = write(writer, "[x] ", b"i\n", true, |piece| piece.labels);
            assert_eq!((result.is_ok(), number), (true, 0));
        });
        assert_eq!(text, "[x] abc…\n[x] ei\n");
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let _one = ONE.lock();
        let writer = Writer { serial: None, file: -1 };
        assert!(write(writer, "", b"a\n", true, |_| ()).0.is_err());
    }
}
