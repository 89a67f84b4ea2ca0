//! Formats that C code gives: of a block to make, or as which to read one.

use std::ffi::{c_char, c_int};

use super::{Item, View, is_letter, text};
use crate::abi::types::w_Targs;
use crate::log::plain;

/// Says what is wrong with a format given to `w_pack`.
///
/// # Safety
/// `format` is NULL or a C string.
pub unsafe fn refuse_format(format: *const c_char) {
    // SAFETY: the caller's promise is the one `text` asks for.
    let Some(format) = (unsafe { text(format) }) else {
        return tracing::error!("w_pack was given no format (NULL): nothing is packed");
    };
    let wrong = format.iter().find(|&&letter| !is_letter(letter)).copied().unwrap_or_default();
    tracing::error!(
        "w_pack was given the format {}, whose letter '{}' is none of lsdpLDO: nothing is packed",
        plain::quoted(format),
        char::from(wrong).escape_default()
    );
}

/// For `w_unpack` and a format the block does not have exactly: the element the values start at, or
/// -1 when the block does not fit it. Values the block lacks are those behind the end of its own
/// format.
///
/// # Safety
/// `block` is NULL or a live block; `format` is NULL or a C string.
pub unsafe fn unpack_from(block: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: the caller's promises are those that `View::new` and `text` ask for; both results are only used
    // here, while the block and the format are alive.
    let (view, format) = unsafe { (View::new(block), text(format)) };
    let (Ok(view), Some((letters, required))) = (view, format.and_then(unpack_letters)) else {
        return -1;
    };
    let own = view.format();
    if own.len() >= required && letters.starts_with(own) {
        0
    } else if letters == b"s" && own == b"ss" && matches!(view.item(0), Item::Text(None)) {
        // Older hosts read the replacement of a chat line that way and get the second text.
        1
    } else {
        -1
    }
}

/// The letters of an unpack format without its `|`, and how many must be present.
fn unpack_letters(format: &[u8]) -> Option<(Vec<u8>, usize)> {
    let required = format.iter().position(|&letter| letter == b'|');
    let letters: Vec<u8> = match required {
        Some(bar) => [&format[..bar], &format[bar + 1..]].concat(),
        None => format.to_vec(),
    };
    let required = required.unwrap_or(letters.len());
    letters.iter().all(|&letter| is_letter(letter)).then_some((letters, required))
}

/// Hubs pass plain `int` where a long is read, so a negative number may come without its sign.
pub fn signed(number: i64) -> i64 {
    match u32::try_from(number) {
        Ok(low) => i64::from(low.cast_signed()),
        Err(_) => number,
    }
}
