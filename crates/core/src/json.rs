//! Text as JSON strings.

use std::fmt::Write as _;

use crate::text::Decoded;

/// Whether a byte stands for itself inside a JSON string.
pub const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// A one in each of eight bytes.
const ONES: u64 = u64::MAX / 0xFF;
/// The highest bit of each of eight bytes.
pub const HIGHEST: u64 = ONES << 7;

/// Looks at eight bytes at once. The lowest bit that is set in the result lies in the first byte that is not
/// plain.
#[inline]
pub fn marks_of_special(word: u64) -> u64 {
    // Subtracting from each byte borrows into its highest bit where the byte was smaller. The borrow may
    // reach the bytes above it, but then the byte below is marked too.
    let smaller = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let equal = |byte: u8| smaller(word ^ (ONES * u64::from(byte)), 1);
    (smaller(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGHEST
}

/// Writes text as a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    out.reserve(text.len() + 2);
    out.push(b'"');
    for word in words {
        if marks_of_special(u64::from_le_bytes(*word)) == 0 {
            out.extend_from_slice(word);
        } else {
            word.iter().for_each(|&byte| write_byte(out, byte));
        }
    }
    rest.iter().for_each(|&byte| write_byte(out, byte));
    out.push(b'"');
}

#[inline]
fn write_byte(out: &mut Vec<u8>, byte: u8) {
    if is_plain(byte) {
        out.push(byte);
    } else {
        write_code_point(out, u32::from(byte), false);
    }
}

/// Writes decoded text as a JSON string of ASCII characters only.
pub fn write_escaped(out: &mut Vec<u8>, text: &Decoded) {
    out.push(b'"');
    for point in text.code_points() {
        write_code_point(out, point, true);
    }
    out.push(b'"');
}

/// Writes one code point inside a JSON string; a lone surrogate is escaped.
pub fn write_code_point(out: &mut Vec<u8>, point: u32, ascii_only: bool) {
    let short = match point {
        0x22 => Some("\\\""),
        0x5C => Some("\\\\"),
        0x08 => Some("\\b"),
        0x09 => Some("\\t"),
        0x0A => Some("\\n"),
        0x0C => Some("\\f"),
        0x0D => Some("\\r"),
        _ => None,
    };
    if let Some(short) = short {
        out.extend_from_slice(short.as_bytes());
        return;
    }
    match char::from_u32(point) {
        Some(character) if point >= 0x20 && (point < 0x80 || !ascii_only) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write_unit(out, *unit);
            }
        }
        None => write_unit(out, point as u16),
    }
}

fn write_unit(out: &mut Vec<u8>, unit: u16) {
    let mut text = String::with_capacity(6);
    // Writing to a String cannot fail.
    let _ = write!(text, "\\u{unit:04x}");
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_text(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_is_written_with_few_escapes() {
        let text = "\u{8}\t\n\u{C}\r\0\u{1F} !\"#[\\]\u{7F}ä\u{1F600}";
        let json = r##""\b\t\n\f\r\u0000\u001f !\"#[\\]"##.to_owned() + "\u{7F}ä\u{1F600}\"";
        assert_eq!(written(text), json);
        assert_eq!(written(""), "\"\"");
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            let plain = "x".repeat(length);
            assert_eq!(written(&plain), format!("\"{plain}\""));
            for place in 0..length {
                for (special, escape) in [("\"", "\\\""), ("\\", "\\\\"), ("\u{1}", "\\u0001")] {
                    let (before, after) = (&plain[..place], &plain[place..]);
                    let json = format!("\"{before}{escape}{after}\"");
                    assert_eq!(written(&format!("{before}{special}{after}")), json);
                }
            }
        }
    }

    #[test]
    fn the_first_mark_is_in_the_first_byte_that_is_not_plain() {
        for byte in 0..=0xFF_u8 {
            assert_eq!(is_plain(byte), byte >= 0x20 && byte != 0x22 && byte != 0x5C, "{byte}");
            for neighbour in [b' ', b'!', b'#', b'[', b']', 0x7F, 0x80, 0xFF] {
                for place in 0..8 {
                    let mut bytes = [neighbour; 8];
                    bytes[place] = byte;
                    let marks = marks_of_special(u64::from_le_bytes(bytes));
                    let first = (!is_plain(byte)).then_some(place as u32);
                    assert_eq!(
                        (marks != 0).then(|| marks.trailing_zeros() / 8),
                        first,
                        "{bytes:?}"
                    );
                    assert_eq!(marks & !HIGHEST, 0);
                }
            }
        }
    }

    #[test]
    fn escaped_text_is_ascii() {
        let points = [0x61, 0x22, 0x7F, 0x80, 0xE4, 0x1_F600, 0xDC80].into_iter();
        let mut out = Vec::new();
        write_escaped(&mut out, &Decoded::from_code_points(points));
        let json = r#""a\"\u0080\u00e4\ud83d\ude00\udc80""#;
        assert_eq!(
            String::from_utf8(out).unwrap(),
            json.replacen("\"\\u0080", "\"\u{7F}\\u0080", 1)
        );
        let mut out = Vec::new();
        for point in [0x1F, 0x20, 0x7F, 0x80, 0xE4, 0x1_F600, 0xDC80] {
            write_code_point(&mut out, point, false);
        }
        assert_eq!(String::from_utf8(out).unwrap(), "\\u001f \u{7F}\u{80}ä\u{1F600}\\udc80");
    }
}
