//! The variadic functions `w_pack`, `w_vapack`, `w_unpack`: `variadic.c` reads the arguments, the
//! functions here decide what they mean.

use std::ffi::{c_char, c_int};

use super::boundary::{guard, is_ready};
use super::jumps::{export_as_jump, visible_to_c};
use super::types::w_Targs;
use crate::targs;

unsafe extern "C" {
    fn vh_pack();
    fn vh_vapack();
    fn vh_unpack();
}

export_as_jump!(w_pack => vh_pack, w_vapack => vh_vapack, w_unpack => vh_unpack);
visible_to_c!(
    "vh_new_block" => new_block,
    "vh_same_format" => same_format,
    "vh_unpack_from" => unpack_from
);

/// A block for `format`, still to be filled; NULL (and one log line) for a bad format. The usual way
/// has nothing in it to guard.
unsafe extern "C" fn new_block(format: *const c_char) -> *mut w_Targs {
    // SAFETY: `format` is NULL or the C string the caller of w_pack passed.
    let make = || unsafe { targs::new_block(format) };
    if is_ready()
        && let Some(block) = make()
    {
        return block;
    }
    guard(c"w_pack", std::ptr::null_mut(), || {
        make().unwrap_or_else(|| {
            // SAFETY: as above.
            unsafe { targs::refuse_format(format) };
            std::ptr::null_mut()
        })
    })
}

/// How many values `w_unpack` copies when the block has exactly this format, else -1. There is nothing
/// in it to guard.
unsafe extern "C" fn same_format(args: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: the pointers are NULL or what the caller of w_unpack passed.
    let count = if is_ready() { unsafe { targs::same_format(args, format) } } else { None };
    count.map_or(-1, |count| count as c_int)
}

/// The element the values of `w_unpack` start at, or -1 when the block does not fit the format.
unsafe extern "C" fn unpack_from(args: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: the pointers are NULL or what the caller of w_unpack passed.
    guard(c"w_unpack", -1, || unsafe { targs::unpack_from(args, format) })
}
