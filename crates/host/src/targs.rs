//! Argument blocks: making, reading, printing and freeing `w_Targs`.
//!
//! All memory is libc `malloc`, because hubs release blocks with plain `free`. A block is one allocation:
//! head, elements, strings that live inside it, and last the copy of its format; so `free(block)` never leaks
//! the format. A string that does not lie inside the block is an allocation of its own, which the block owns.
//! So `w_free_args` and plain `free` are both right, each for the blocks that its generation of hub gets
//! (`Storage`).
//!
//! The functions here ask for a *live block*: memory of `malloc` that nobody frees or changes meanwhile. Its
//! format is NULL or a C string. If the format has only letters, the block has an element for each of them.
//! Each element's value is what its type says. Strings and lists are NULL, or are alive as long as the block
//! and end with a NUL or NULL.
//!
//! This file says where the parts of a block lie.

use std::ffi::{CStr, c_char};

use crate::types::{w_Targs, w_Telement};

mod build;
mod formats;
mod malloc;
mod print;
mod release;
#[cfg(test)]
mod tests;
mod view;

pub use build::{Block, Piece, Storage};
pub use formats::{refuse_format, signed, unpack_from};
pub use malloc::{malloc_text, take_cells};
pub use print::{Telling, as_text, brief, print_for_c};
pub use release::{HostResult, free};
pub use view::{Item, View};

/// How many elements a `tab` block has, whatever their types.
pub const TAB_LENGTH: usize = 10;
const TAB: &[u8] = b"tab";

/// Tells for each byte whether the format of a block may contain it. It is a table because it is asked for
/// each letter of each block; `variadic.c` reads it too.
pub static LETTERS: [bool; 256] = {
    let mut letters = [false; 256];
    let mut rest: &[u8] = b"lsdpLDO";
    while let [letter, others @ ..] = rest {
        letters[*letter as usize] = true;
        rest = others;
    }
    letters
};

/// Whether a block format may contain this letter.
#[inline]
pub fn is_letter(letter: u8) -> bool {
    LETTERS[usize::from(letter)]
}

/// Where an element starts, from the block's start.
fn offset(index: usize) -> usize {
    size_of::<w_Targs>() + index * size_of::<w_Telement>()
}

/// The element `index` of a block.
///
/// # Safety
/// The block's memory has room for more than `index` elements.
unsafe fn element(block: *const w_Targs, index: usize) -> *mut w_Telement {
    // SAFETY: elements follow the head without a gap (`types.rs` asserts that), and the caller promises that
    // there is room for this one: the address stays within the block.
    unsafe { block.cast_mut().cast::<u8>().add(offset(index)).cast() }
}

/// How many elements a `tab` block has: ten, or as many as lie before its format when the format is inside
/// the block.
///
/// # Safety
/// `block` is a live block.
unsafe fn tab_length(block: *const w_Targs) -> usize {
    // SAFETY: a live block, as the caller promises, has a head with a format, and memory of `malloc`.
    let end = unsafe {
        let format = (*block).format as usize;
        if is_inside(block, format) { format } else { block as usize + usable_size(block) }
    };
    ((end - block as usize).saturating_sub(offset(0)) / size_of::<w_Telement>()).min(TAB_LENGTH)
}

/// # Safety
/// `block` is a live block.
#[cfg(not(miri))]
unsafe fn usable_size(block: *const w_Targs) -> usize {
    // SAFETY: a live block, as the caller promises, is memory of `malloc`, from its first byte on.
    unsafe { libc::malloc_usable_size(block.cast_mut().cast()) }
}

/// Miri has no `malloc_usable_size`. Under Miri all blocks are made here, where the format comes last.
///
/// # Safety
/// `block` is a live block that `build` made.
#[cfg(miri)]
unsafe fn usable_size(block: *const w_Targs) -> usize {
    // SAFETY: a block of `build` is alive, as the caller promises; its format is a C string at its end.
    unsafe {
        let format = (*block).format;
        format as usize + libc::strlen(format) + 1 - block as usize
    }
}

/// Whether an address lies inside a block's allocation.
///
/// # Safety
/// `block` is a live block.
unsafe fn is_inside(block: *const w_Targs, address: usize) -> bool {
    // SAFETY: the caller promises a live block, which is all that `usable_size` asks for.
    let size = unsafe { usable_size(block) };
    (block as usize..block as usize + size).contains(&address)
}

/// The bytes of a C string; None for NULL.
///
/// # Safety
/// `pointer` is NULL or a C string alive for `'a`.
#[inline]
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not NULL; then it is a C string alive for `'a`, as the caller promises.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}
