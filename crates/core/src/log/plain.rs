//! Text as the log may show it: characters that control terminals, break lines or change the direction of
//! text are written as escapes, and what is far too long is cut.

use std::fmt::Write as _;

/// How many bytes a record may have, and a line that a script prints.
pub const LONGEST: usize = 8 * 1024;

/// What all lines of a record but the first begin with, so that none looks like another record.
const INDENT: &str = "    ";

/// Text for a record: one line, or a block whose further lines are indented.
pub fn block(text: &str) -> String {
    let text = cut(text.trim_end(), LONGEST);
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
            out.push_str(INDENT);
        }
        push(&mut out, line.strip_suffix('\r').unwrap_or(line));
    }
    // The escapes may have made it too long.
    cut(&out, LONGEST)
}

/// Text for one line.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(&mut out, text);
    out
}

/// Text for one line, of bytes that are meant to be UTF-8.
pub fn line_of(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push(&mut out, chunk.valid());
        chunk.invalid().iter().for_each(|&byte| push_byte(&mut out, byte));
    }
    out
}

/// How many bytes the note takes at most that says how much was left out.
const MARK: usize = 64;

/// The beginning and the end of a text that is too long. Both matter: a traceback ends with the exception.
fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let third = (longest - MARK) / 3;
    let head = &text[..start_of_character(text.as_bytes(), third * 2)];
    let tail = &text[end_of_character(text.as_bytes(), text.len() - third)..];
    let left_out = text.len() - head.len() - tail.len();
    format!("{}… ({left_out} bytes left out) …{}", head.trim_end(), tail.trim_start())
}

/// Where the character begins to which this byte belongs. Bytes that are no text may be cut anywhere.
pub fn start_of_character(text: &[u8], index: usize) -> usize {
    let is_inside = |index: &usize| text.get(*index).is_some_and(|byte| byte & 0xC0 == 0x80);
    (index.saturating_sub(3)..=index).rev().find(|index| !is_inside(index)).unwrap_or(index)
}

/// Where the next character begins, unless one begins here.
fn end_of_character(text: &[u8], index: usize) -> usize {
    (index..text.len()).find(|&index| text[index] & 0xC0 != 0x80).unwrap_or(text.len())
}

fn push(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some((place, character)) = rest.char_indices().find(|&(_, c)| is_control(c)) {
        out.push_str(&rest[..place]);
        push_escape(out, character);
        rest = &rest[place + character.len_utf8()..];
    }
    out.push_str(rest);
}

/// Control characters (C0, DEL and C1), the marks, embeddings and isolates of writing from right to left, and
/// the separators of lines and paragraphs.
fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1F'
            | '\x7F'..='\u{9F}'
            | '\u{61C}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
    )
}

fn push_escape(out: &mut String, character: char) {
    match (character, u8::try_from(character)) {
        ('\t', _) => out.push_str("\\t"),
        ('\n', _) => out.push_str("\\n"),
        ('\r', _) => out.push_str("\\r"),
        (_, Ok(byte)) => push_byte(out, byte),
        // Writing to a String cannot fail.
        (_, Err(_)) => drop(write!(out, "\\u{:04x}", u32::from(character))),
    }
}

fn push_byte(out: &mut String, byte: u8) {
    // As above.
    let _ = write!(out, "\\x{byte:02x}");
}

/// A value of the host or a script for a message: in quotes, and cut when it is long.
pub fn quoted(text: &[u8]) -> String {
    const LONGEST: usize = 200;
    if text.len() <= LONGEST {
        return format!("{:?}", String::from_utf8_lossy(text));
    }
    format!("{:?}… ({} bytes)", String::from_utf8_lossy(&text[..LONGEST]), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_escapes() {
        assert_eq!(line("a\x1b[31m\0\t\r\nb\x7f\u{85}\u{9b}"), r"a\x1b[31m\x00\t\r\nb\x7f\x85\x9b");
        let bidirectional =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{2028}\u{2029}";
        assert_eq!(line(bidirectional), r"\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029");
        assert_eq!(line("täglich 中文 \u{1F600} \\x1b"), "täglich 中文 \u{1F600} \\x1b");
        assert_eq!(line_of(b"\xFF\xC3\xA4\x9B\xC2\x9B"), "\\xffä\\x9b\\x9b");
    }

    #[test]
    fn only_the_first_line_begins_at_the_margin() {
        assert_eq!(block("one\r\n\ntwo\n\n"), "one\n    \n    two");
        assert_eq!(block("a\nPY: [3:other.py] forged"), "a\n    PY: [3:other.py] forged");
    }

    #[test]
    fn long_records_keep_their_end() {
        for text in ["x".repeat(100_000), "中".repeat(50_000), "\n".repeat(9000) + "x"] {
            let long = block(&format!("begin {text} end"));
            assert!(long.len() <= LONGEST, "{}", long.len());
            assert!(long.starts_with("begin") && long.ends_with("end"), "{long}");
            assert_eq!(long.matches("bytes left out").count(), 1);
            assert!(long.split('\n').skip(1).all(|line| line.starts_with("    ")));
        }
        assert!(block(&"\u{202e}".repeat(LONGEST)).len() <= LONGEST);
    }

    #[test]
    fn long_records_are_cut_between_characters_wherever_these_begin() {
        for character in ["é", "中", "\u{1F600}"] {
            for before in 0..4 {
                for after in 0..4 {
                    let text = character.repeat(10_000);
                    let text = "a".repeat(before) + &text + &"b".repeat(after);
                    let long = block(&text);
                    assert!(long.len() <= LONGEST);
                    let (head, rest) = long.split_once("… (").unwrap();
                    let (number, tail) = rest.split_once(" bytes left out) …").unwrap();
                    assert!(text.starts_with(head) && text.ends_with(tail), "{long}");
                    assert_eq!(number.parse(), Ok(text.len() - head.len() - tail.len()));
                    assert!(LONGEST - long.len() < 2 * MARK, "no more is left out than must be");
                }
            }
        }
    }

    #[test]
    fn the_start_of_a_character_is_found_from_inside() {
        let text = "aé中\u{1F600}b";
        for index in 0..=text.len() {
            let start = (0..=index).rev().find(|&index| text.is_char_boundary(index));
            assert_eq!(Some(start_of_character(text.as_bytes(), index)), start, "{index}");
            let end = (index..=text.len()).find(|&index| text.is_char_boundary(index));
            assert_eq!(Some(end_of_character(text.as_bytes(), index)), end, "{index}");
        }
        assert_eq!(start_of_character(b"\x80\x80\x80\x80\x80", 4), 4, "no text: cut anywhere");
    }

    #[test]
    fn a_value_is_quoted_and_cut_when_it_is_long() {
        assert_eq!(quoted(b"a \"b\"\n\xFF"), "\"a \\\"b\\\"\\n\u{FFFD}\"");
        let text = "x".repeat(200);
        assert_eq!(quoted(text.as_bytes()), format!("\"{text}\""));
        assert_eq!(quoted(format!("{text}y").as_bytes()), format!("\"{text}\"… (201 bytes)"));
    }
}
