//! The variadic functions `w_pack`, `w_vapack`, `w_unpack`: `variadic.c` reads the arguments and does the
//! usual cases; the functions here decide the others.

use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicPtr, Ordering};

use super::boundary::guard;
use super::symbols::{export_as_jump, visible_to_c};
use vh_core::panics::point;
use vh_host::targs;
use vh_host::types::w_Targs;

unsafe extern "C" {
    fn vh_pack();
    fn vh_vapack();
    fn vh_unpack();
    static vh_letters: AtomicPtr<bool>;
}

export_as_jump!(w_pack => vh_pack, w_vapack => vh_vapack, w_unpack => vh_unpack);
visible_to_c!(
    "vh_ask_for_letters" => letters,
    "vh_refuse_format" => refuse_format,
    "vh_unpack_from" => unpack_from
);

/// Lets the C code do the usual cases without asking Rust, as it has nothing to guard there. In builds for
/// tests that inject panics it always asks.
pub fn need_no_guard() {
    if cfg!(feature = "inject-panics") {
        return;
    }
    // SAFETY: the C code only reads it, as an atomic, and the table is a constant.
    unsafe { vh_letters.store(targs::LETTERS.as_ptr().cast_mut(), Ordering::Release) };
}

/// The letters of block formats. The C code asks for them until `need_no_guard` was called; NULL after a
/// panic.
extern "C" fn letters() -> *const bool {
    guard(point!("w_pack"), std::ptr::null(), || targs::LETTERS.as_ptr())
}

/// Says what is wrong with a format given to `w_pack`.
unsafe extern "C" fn refuse_format(format: *const c_char) {
    // SAFETY: `format` is NULL or the C string the caller of w_pack passed.
    guard(point!("w_pack: refusing a format"), (), || unsafe { targs::refuse_format(format) });
}

/// The number of the element with which the values of `w_unpack` start, or -1 when the block does not fit the
/// format.
unsafe extern "C" fn unpack_from(args: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: the pointers are NULL or what the caller of w_unpack passed.
    guard(point!("w_unpack"), -1, || unsafe { targs::unpack_from(args, format) })
}
