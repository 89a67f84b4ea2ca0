//! What a child prints besides its answers: lines, of which the last ones tell why it died.

use std::collections::VecDeque;

use vh_core::log::stream::{self, Writer};

/// How many lines are kept, and how much of each.
const KEPT: usize = 10;
const LONGEST: usize = 400;
/// A line this long is given on before it ends.
const LARGEST: usize = 64 << 10;

/// Lines from pieces of any size.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    last: VecDeque<String>,
}

impl Lines {
    /// Takes a piece and gives each line that is whole on, without its end.
    pub fn push(&mut self, piece: &[u8], mut give: impl FnMut(&str)) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") || self.begun.len() > LARGEST {
                self.end(&mut give);
            }
        }
    }

    /// Ends the line that was begun, if one was.
    pub fn end(&mut self, mut give: impl FnMut(&str)) {
        let bytes = std::mem::take(&mut self.begun);
        if bytes.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        give(line);
        if line.trim().is_empty() {
            return;
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line.chars().take(LONGEST).collect());
    }

    /// The last lines that said something.
    pub fn last(&self) -> Vec<&str> {
        self.last.iter().map(String::as_str).collect()
    }
}

/// Writes a line that a back end printed.
pub fn print(label: &str, line: &str) {
    let writer = Writer { serial: None, file: libc::STDERR_FILENO };
    // If standard error is closed, there is nowhere to say so.
    let label = format!("PY: [{label}] ");
    let _ = stream::write(writer, &label, format!("{line}\n").as_bytes(), true, |_| ());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pieces: &[&[u8]]) -> (Vec<String>, Lines) {
        let mut lines = Lines::default();
        let mut all = Vec::new();
        for piece in pieces {
            lines.push(piece, |line| all.push(line.to_owned()));
        }
        lines.end(|line| all.push(line.to_owned()));
        (all, lines)
    }

    #[test]
    fn pieces_become_lines_whatever_their_ends() {
        let (all, lines) = given(&[b"o", b"ne\r\ntwo\n\nth", "r\u{e9}e".as_bytes()]);
        assert_eq!(all, ["one", "two", "", "thrée"]);
        assert_eq!(lines.last(), ["one", "two", "thrée"]);
    }

    #[test]
    fn only_the_last_are_kept_and_not_all_of_them() {
        let text: String =
            (0..30).map(|number| format!("{number} {}\n", "x".repeat(999))).collect();
        let (all, lines) = given(&[text.as_bytes()]);
        assert_eq!(all.len(), 30);
        assert_eq!(lines.last().len(), KEPT);
        assert!(lines.last()[0].starts_with("20 x") && lines.last()[0].len() == LONGEST);
    }

    #[test]
    fn a_line_without_end_is_not_kept_whole() {
        let (all, _) = given(&[&[b'x'; 3 * LARGEST]]);
        assert!(!all.is_empty());
        let (all, _) = given(&[&[b'x'; LARGEST][..]; 4]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        assert_eq!(given(&[b"a\xffb\n"]).0, ["a\u{fffd}b"]);
    }
}
