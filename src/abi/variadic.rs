//! The variadic functions `w_pack`, `w_vapack`, `w_unpack`: `variadic.c` reads the arguments, the
//! functions here decide what they mean.

use std::ffi::{c_char, c_int, c_void};

use super::boundary::guard;
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
    "vh_unpack_check" => unpack_check,
    "vh_unpack_one" => unpack_one
);

/// A zeroed block for `format`, element types set; NULL (and one log line) for a bad format.
unsafe extern "C" fn new_block(format: *const c_char, count: *mut usize) -> *mut w_Targs {
    guard(c"w_pack", std::ptr::null_mut(), || {
        // SAFETY: `format` is NULL or the C string the caller of w_pack passed; `count` is a local
        // variable of vh_vapack.
        unsafe { targs::new_block(format, &mut *count) }
    })
}

/// How many values `w_unpack` is to write, or -1 when the block does not fit the format.
unsafe extern "C" fn unpack_check(args: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: the pointers are NULL or what the caller of w_unpack passed.
    guard(c"w_unpack", -1, || unsafe { targs::unpack_check(args, format) })
}

/// Writes value number `index` to `destination`; only after `unpack_check` agreed.
unsafe extern "C" fn unpack_one(
    args: *const w_Targs,
    format: *const c_char,
    index: c_int,
    destination: *mut c_void,
) {
    // SAFETY: `unpack_check` accepted block and format; the destination is NULL or a pointer to
    // the type of that letter, as w_unpack demands.
    unsafe { targs::unpack_one(args, format, index as usize, destination) }
}
