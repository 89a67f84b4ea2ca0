//! Releasing blocks: which of their strings they own.

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

use super::malloc::free_list;
use super::{Block, TAB, View, element, is_inside, tab_length};
use crate::types::w_Targs;
use vh_core::error::Error;

/// `w_free_args`: frees a block and what it owns.
///
/// # Safety
/// `block` is NULL or a live block, and nobody uses it any more. Each of its strings and lists that does not
/// lie inside it is an allocation of its own, and so is each text of a list.
pub unsafe fn free(block: *mut w_Targs) {
    // SAFETY: the caller's promise, of all strings.
    unsafe { free_strings(block, |_, _| true) };
    // SAFETY: NULL or memory of `malloc` that nobody uses, as the caller promises.
    unsafe { libc::free(block.cast()) };
}

/// Frees the strings of a block for which `owned(index, address)` holds.
///
/// # Safety
/// `block` is NULL or a live block; each of its strings that does not lie inside it and for which `owned` holds
/// is an allocation of its own that nobody uses any more.
unsafe fn free_strings(block: *mut w_Targs, owned: impl Fn(usize, usize) -> bool) {
    // SAFETY: not NULL and with a format, as is looked at first; then a live block, as the caller promises:
    // `tab_length` elements if the format is `tab`, else one for each letter, up to the NUL. The type of an
    // element says which value is valid, and what is freed is the caller's promise.
    unsafe {
        if block.is_null() || (*block).format.is_null() {
            return;
        }
        let format = (*block).format.cast::<u8>();
        let tab = if *format == TAB[0] && CStr::from_ptr(format.cast()).to_bytes() == TAB {
            tab_length(block)
        } else {
            0
        };
        let mut index = 0;
        while index < tab || (tab == 0 && *format.add(index) != 0) {
            let element = &*element(block, index);
            let address = element.value.p as usize;
            if is_owned(element.kind as u8)
                && address != 0
                && !is_inside(block, address)
                && owned(index, address)
            {
                match element.kind as u8 {
                    b'L' => free_list(element.value.L),
                    _ => libc::free(element.value.p),
                }
            }
            index += 1;
        }
    }
}

/// Whether the value of this letter is memory that the block may own.
fn is_owned(letter: u8) -> bool {
    matches!(letter, b's' | b'D' | b'L')
}

/// The block a host function returned, until it is given to `release`.
#[derive(Debug)]
pub struct HostResult {
    block: NonNull<w_Targs>,
    literal_texts: bool,
}

// SAFETY: memory of malloc, owned by the value; any thread may use and free it.
unsafe impl Send for HostResult {}

impl HostResult {
    /// Takes over a result. None when it is NULL.
    ///
    /// # Safety
    /// `block` is NULL or a live block that stays so until it is released. Its strings lie inside it or in the
    /// arguments of the call, or are allocations of their own; with `expect_literals`, also literals.
    pub unsafe fn new(block: *mut w_Targs) -> Option<HostResult> {
        Some(HostResult { block: NonNull::new(block)?, literal_texts: false })
    }

    /// Says that string literals may be in this result, as older hubs have them in that of `GetGeoIP`:
    /// strings that lie in a loaded program or library are not freed.
    pub fn expect_literals(&mut self) {
        self.literal_texts = true;
    }

    /// Reads the result.
    pub fn view(&self) -> Result<View<'_>, Error> {
        // SAFETY: `new` was promised a live block until `release` takes `self`, which the view borrows.
        unsafe { View::new(self.block.as_ptr()) }
    }

    /// Releases the result of a call with the arguments `args`. The result may be `args` itself, and its
    /// strings may be those of `args`; those are left for `args` to release.
    pub fn release(self, args: &Block) {
        let block = self.block.as_ptr();
        if block == args.as_ptr() {
            return;
        }
        // SAFETY: `new` was promised a live block, and what its strings may be. Those of the arguments and
        // literals are told apart by where they lie; all others are allocations of their own. `args` is a live
        // block, and another one.
        unsafe {
            free_strings(block, |_, address| {
                let literal = self.literal_texts && is_in_program(address);
                !literal && !is_inside(args.as_ptr(), address)
            });
            libc::free(block.cast());
        }
    }
}

/// Whether an address belongs to a loaded program or library, as string literals do.
fn is_in_program(address: usize) -> bool {
    // SAFETY: dladdr only looks the address up; what it fills is a local variable, for which zeroes are valid.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        libc::dladdr(address as *const c_void, &raw mut found) != 0
    }
}
