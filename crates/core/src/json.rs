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
