//! Text that the crash handler writes. Little of it is on the stack at once: the stack for signals of a thread
//! may be the host's own, of 8 KB in all, of which the kernel takes half for the registers of the thread.

use std::ffi::c_int;

use vh_core::log::stream;

/// How many bytes are collected before they are written. The usual line of the log is shorter, so that it
/// stays in one piece between the lines of other threads.
const COLLECTED: usize = 512;

/// A text on its way to one file or two.
pub struct Line {
    files: [Option<c_int>; 2],
    bytes: [u8; COLLECTED],
    length: usize,
    /// Whether all that is not collected any more has been written.
    is_written: bool,
}

impl Line {
    fn of(files: [Option<c_int>; 2]) -> Line {
        Line { files, bytes: [0; COLLECTED], length: 0, is_written: true }
    }

    /// For an open file.
    pub fn of_file(file: c_int) -> Line {
        Line::of([Some(file), None])
    }

    /// For standard output, which is the log, and for standard error, where people look for crashes.
    pub fn of_log() -> Line {
        if stream::is_line_open() {
            write(libc::STDOUT_FILENO, b"\n");
        }
        let are_two = identity(libc::STDOUT_FILENO) != identity(libc::STDERR_FILENO);
        Line::of([Some(libc::STDOUT_FILENO), are_two.then_some(libc::STDERR_FILENO)])
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Line {
        for &byte in bytes {
            if self.length == COLLECTED {
                self.write();
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        self
    }

    pub fn add(&mut self, text: &str) -> &mut Line {
        self.bytes(text.as_bytes())
    }

    pub fn number(&mut self, number: i64) -> &mut Line {
        let mut digits = [0; 20];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        while first > 0 {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes(&digits[first..])
    }

    /// Writes what is left of it. False when not all of it could be written.
    pub fn end(&mut self) -> bool {
        self.write();
        self.is_written
    }

    fn write(&mut self) {
        for file in self.files.into_iter().flatten() {
            self.is_written &= write(file, &self.bytes[..self.length]);
        }
        self.length = 0;
    }
}

fn write(file: c_int, bytes: &[u8]) -> bool {
    // SAFETY: the bytes are there.
    let written = unsafe { libc::write(file, bytes.as_ptr().cast(), bytes.len()) };
    usize::try_from(written) == Ok(bytes.len())
}

/// What tells open files apart; None for a file that is closed.
fn identity(file: c_int) -> Option<(libc::dev_t, libc::ino_t)> {
    // SAFETY: the kernel fills the structure when it returns 0; allowed in signal handlers.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        (libc::fstat(file, &raw mut status) == 0).then_some((status.st_dev, status.st_ino))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::Read as _;
    use std::os::fd::{AsRawFd as _, FromRawFd as _};

    use super::*;

    /// What arrives of a text that `build` makes.
    fn written(build: impl FnOnce(&mut Line)) -> String {
        let mut ends = [0; 2];
        // SAFETY: room for two numbers of files, which are this function's.
        let (mut from, to) = unsafe {
            assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
            (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
        };
        let mut line = Line::of_file(to.as_raw_fd());
        build(&mut line);
        assert!(line.end());
        drop(to);
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    }

    fn open(path: &str) -> File {
        OpenOptions::new().write(true).open(path).unwrap()
    }

    #[test]
    fn numbers_are_decimal() {
        let text = written(|line| {
            line.number(0).add(" ").number(1_234_567_890).add(" ").number(i64::MAX).bytes(b"\n");
        });
        assert_eq!(text, "0 1234567890 9223372036854775807\n");
    }

    #[test]
    fn a_text_of_any_length_is_written_once() {
        for length in [0, 1, COLLECTED - 1, COLLECTED, COLLECTED + 1, 5 * COLLECTED + 7] {
            let text: String = ('a'..='z').cycle().take(length).collect();
            let (begin, end) = text.split_at(length / 3);
            assert_eq!(written(|line| _ = line.add(begin).add(end)), text);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /dev/full")]
    fn it_is_told_when_a_part_cannot_be_written() {
        let full = open("/dev/full");
        assert!(!Line::of_file(full.as_raw_fd()).add("text").end());
        let long = "x".repeat(COLLECTED + 1);
        let null = open("/dev/null");
        for files in [[&full, &null], [&null, &full]] {
            let files = files.map(|file| Some(file.as_raw_fd()));
            assert!(!Line::of(files).add(&long).end());
        }
        assert!(!Line::of_file(-1).add("text").end());
        // The end alone could be written.
        let mut line = Line::of_file(full.as_raw_fd());
        line.add(&long);
        line.files = [Some(null.as_raw_fd()), None];
        assert!(!line.end());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /dev/full")]
    fn open_files_are_told_apart() {
        let [one, same, other] = ["/dev/null", "/dev/null", "/dev/full"].map(open);
        assert_eq!(identity(one.as_raw_fd()), identity(same.as_raw_fd()));
        assert_ne!(identity(one.as_raw_fd()), identity(other.as_raw_fd()));
        assert!(identity(one.as_raw_fd()).is_some() && identity(-1).is_none());
    }
}
