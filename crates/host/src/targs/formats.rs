//! Formats that C code gives: for a block to make, or for reading one.

use std::ffi::{c_char, c_int};

use super::{Item, View, is_letter, text};
use crate::types::w_Targs;
use vh_core::log::plain;

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

/// For `w_unpack` with a format that is not exactly the block's own: the number of the element with which the
/// values start, or -1 when the block does not fit. The values that the block lacks are those behind the end
/// of its own format.
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
        // Older hosts read the replacement of a chat line that way, and must get the second text.
        1
    } else {
        -1
    }
}

/// The letters of a format for `w_unpack` without its `|`, and how many of them must be present.
fn unpack_letters(format: &[u8]) -> Option<(Vec<u8>, usize)> {
    let required = format.iter().position(|&letter| letter == b'|');
    let letters: Vec<u8> = match required {
        Some(bar) => [&format[..bar], &format[bar + 1..]].concat(),
        None => format.to_vec(),
    };
    let required = required.unwrap_or(letters.len());
    letters.iter().all(|&letter| is_letter(letter)).then_some((letters, required))
}

/// A number whose sign may be lost, as an int: hubs pass a plain `int` where a long is read, so 2³¹ to 2³²−1
/// are read as negative. This is for parameters of hooks and for int results of the hub.
pub fn signed(number: i64) -> i64 {
    match u32::try_from(number) {
        Ok(low) => i64::from(low.cast_signed()),
        Err(_) => number,
    }
}
