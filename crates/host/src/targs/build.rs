//! Building blocks: where their memory comes from, and what is written into it.

use std::borrow::Cow;
use std::ffi::{c_long, c_void};
use std::ptr::NonNull;

use super::malloc::{malloc_list, malloc_text};
use super::{TAB, TAB_LENGTH, View, element, free, offset};
use crate::types::{Payload, PyObject, w_Targs};

/// One value of a block, for building.
#[derive(Debug)]
pub enum Piece<'a> {
    /// `l`
    Int(i64),
    /// `d`
    Float(f64),
    /// `p`
    Pointer(*mut c_void),
    /// `s`, without NUL bytes
    Text(Option<Cow<'a, [u8]>>),
    /// `D`, without NUL bytes
    Json(Vec<u8>),
    /// `O`, borrowed
    Object(*mut PyObject),
    /// `L`, texts without NUL bytes
    List(Vec<Vec<u8>>),
    /// Type 0 of a `tab` block.
    Unsupported,
}

impl Piece<'_> {
    #[inline]
    fn letter(&self) -> u8 {
        match self {
            Piece::Int(_) => b'l',
            Piece::Float(_) => b'd',
            Piece::Pointer(_) => b'p',
            Piece::Text(_) => b's',
            Piece::Json(_) => b'D',
            Piece::List(_) => b'L',
            Piece::Object(_) => b'O',
            Piece::Unsupported => 0,
        }
    }
}

/// Where the strings of a new block live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In the block's own allocation: the receiver only frees the block.
    Inside,
    /// Each in an allocation of its own: the receiver frees them one by one.
    Separate,
}

/// A block of ours, released when dropped.
#[derive(Debug)]
pub struct Block(NonNull<w_Targs>);

// SAFETY: memory of malloc, owned by the value; any thread may use and free it.
unsafe impl Send for Block {}

impl Block {
    /// Builds a block whose format is the letters of the pieces; None when there is no memory.
    #[inline]
    pub fn new(pieces: &[Piece], storage: Storage) -> Option<Block> {
        let extra = pieces.iter().map(|piece| inside_length(piece, storage)).sum();
        let block = Block::empty(pieces.len(), pieces.len(), extra)?;
        for (index, piece) in pieces.iter().enumerate() {
            // SAFETY: `empty` made room for a letter for each piece.
            unsafe { put_letter(block.as_ptr(), index, piece.letter()) };
        }
        block.fill(pieces, pieces.len(), storage)
    }

    /// Builds a block of one int.
    #[inline]
    pub fn int(number: i64) -> Option<Block> {
        let block = Block::empty(1, 1, 0)?;
        // SAFETY: `empty` made room for one letter and one element.
        unsafe {
            put_letter(block.as_ptr(), 0, b'l');
            put(block.as_ptr(), 0, b'l', Payload { l: number as c_long });
        }
        Some(block)
    }

    /// Builds a block of texts without NUL bytes, which live inside it.
    #[inline]
    pub fn texts(texts: &[&[u8]]) -> Option<Block> {
        let extra = texts.iter().map(|text| text.len() + 1).sum();
        let block = NonNull::new(allocate(texts.len(), texts.len(), extra))?.as_ptr();
        let mut room = offset(texts.len());
        for (index, text) in texts.iter().enumerate() {
            // SAFETY: `allocate` made room for a letter and an element for each text, and in `extra` bytes
            // from `offset(texts.len())` on for the texts and their NULs.
            unsafe {
                let copy = block.cast::<u8>().add(room);
                copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
                copy.add(text.len()).write(0);
                put_letter(block, index, b's');
                put(block, index, b's', Payload { s: copy.cast() });
            }
            room += text.len() + 1;
        }
        // SAFETY: the pointer of a `NonNull`, taken above.
        Some(Block(unsafe { NonNull::new_unchecked(block) }))
    }

    /// Builds a `tab` block of as many pieces as fit; the type of each element tells what it is.
    pub fn tab(pieces: &[Piece]) -> Option<Block> {
        let pieces = &pieces[..pieces.len().min(TAB_LENGTH)];
        let block = Block::empty(TAB.len(), TAB_LENGTH, 0)?;
        for (index, &letter) in TAB.iter().enumerate() {
            // SAFETY: `empty` made room for `TAB.len()` letters.
            unsafe { put_letter(block.as_ptr(), index, letter) };
        }
        block.fill(pieces, TAB_LENGTH, Storage::Separate)
    }

    /// A block of elements that hold nothing, with room for a format of `length` letters and `extra`
    /// bytes behind the elements.
    #[inline]
    fn empty(length: usize, count: usize, extra: usize) -> Option<Block> {
        let block = NonNull::new(allocate(length, count, extra))?;
        for index in 0..count {
            // SAFETY: `allocate` made room for `count` elements, and `index` is below that.
            unsafe { put(block.as_ptr(), index, 0, Payload { p: std::ptr::null_mut() }) };
        }
        Some(Block(block))
    }

    /// Writes the pieces into the first of `count` elements, which the block was made with; with
    /// `Storage::Inside`, its `extra` bytes are the sum of `inside_length`. There are no more pieces than
    /// elements.
    #[inline]
    fn fill(self, pieces: &[Piece], count: usize, storage: Storage) -> Option<Block> {
        // SAFETY: `empty` made room for `count` elements; where they end is still within the block.
        let mut room = unsafe { self.as_ptr().cast::<u8>().add(offset(count)) };
        let mut keep = |text: &[u8]| match storage {
            Storage::Separate => malloc_text(text),
            // SAFETY: `inside_length` counted this text and its NUL among the bytes behind the elements, which
            // `new`, the only caller with this storage, had `empty` make room for.
            Storage::Inside => unsafe {
                let copy = room;
                copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
                copy.add(text.len()).write(0);
                room = room.add(text.len() + 1);
                copy.cast()
            },
        };
        for (index, piece) in pieces.iter().enumerate() {
            let value = match piece {
                Piece::Int(number) => Payload { l: *number as c_long },
                Piece::Float(number) => Payload { d: *number },
                Piece::Pointer(pointer) => Payload { p: *pointer },
                Piece::Text(None) | Piece::Unsupported => Payload { p: std::ptr::null_mut() },
                Piece::Text(Some(text)) => Payload { s: non_null(keep(text))? },
                Piece::Json(text) => Payload { s: non_null(keep(text))? },
                Piece::List(texts) => Payload { L: non_null(malloc_list(texts))? },
                Piece::Object(object) => Payload { O: *object },
            };
            // SAFETY: there are no more pieces than the `count` elements that `empty` made room for.
            unsafe { put(self.as_ptr(), index, piece.letter(), value) };
        }
        Some(self)
    }

    /// Reads the block.
    #[inline]
    pub fn view(&self) -> View<'_> {
        // SAFETY: a live block: built here, with an element for each letter and strings that end with a NUL,
        // and alive as long as `self`.
        unsafe { View::new(self.0.as_ptr()) }.expect("a block of ours is well formed")
    }

    /// The pointer, still owned by this block.
    #[inline]
    pub fn as_ptr(&self) -> *mut w_Targs {
        self.0.as_ptr()
    }

    /// Gives the block to C, which releases it.
    #[inline]
    pub fn into_raw(self) -> *mut w_Targs {
        let block = self.0.as_ptr();
        std::mem::forget(self);
        block
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: a live block, built here: each string is inside it or an allocation of its own, and
        // `into_raw` gave it to nobody.
        unsafe { free(self.0.as_ptr()) };
    }
}

/// How many bytes a piece needs inside the block.
fn inside_length(piece: &Piece, storage: Storage) -> usize {
    match (piece, storage) {
        (Piece::Text(Some(text)), Storage::Inside) => text.len() + 1,
        (Piece::Json(text), Storage::Inside) => text.len() + 1,
        _ => 0,
    }
}

fn non_null<T>(pointer: *mut T) -> Option<*mut T> {
    (!pointer.is_null()).then_some(pointer)
}

/// Allocates a block of `count` elements, `extra` bytes and a format of `length` letters. The caller writes
/// letters and elements. Returns NULL when there is no memory.
#[inline]
fn allocate(length: usize, count: usize, extra: usize) -> *mut w_Targs {
    let tail = offset(count) + extra;
    // SAFETY: the allocation has `tail + length + 1` bytes, head first; the format starts at `tail` and its
    // NUL is the last byte.
    unsafe {
        let block = libc::malloc(tail + length + 1).cast::<w_Targs>();
        if !block.is_null() {
            let format = block.cast::<u8>().add(tail);
            format.add(length).write(0);
            (*block).format = format.cast();
        }
        block
    }
}

/// Writes a letter of a new block's format.
///
/// # Safety
/// `allocate` made the block with more than `index` letters.
#[inline]
unsafe fn put_letter(block: *mut w_Targs, index: usize, letter: u8) {
    // SAFETY: `allocate` set the format, with room for more than `index` letters, as the caller promises.
    unsafe { (*block).format.cast_mut().cast::<u8>().add(index).write(letter) };
}

/// Writes an element, padding included, so that no byte of a block is left undefined.
///
/// # Safety
/// `allocate` made the block with more than `index` elements.
#[inline]
unsafe fn put(block: *mut w_Targs, index: usize, letter: u8, value: Payload) {
    // SAFETY: there is room for more than `index` elements, as the caller promises.
    unsafe {
        put_kind(block, index, letter);
        (*element(block, index)).value = value;
    }
}

/// Writes an element's type; its value is still to be written.
///
/// # Safety
/// `allocate` made the block with more than `index` elements.
#[inline]
pub(super) unsafe fn put_kind(block: *mut w_Targs, index: usize, letter: u8) {
    // SAFETY: there is room for more than `index` elements, as the caller promises; `kind` and the padding
    // behind it are the first eight bytes of one (`types.rs` asserts that), and `malloc` aligns them.
    unsafe { element(block, index).cast::<u64>().write(u64::from(letter).to_le()) };
}
