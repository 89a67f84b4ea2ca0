//! Reading blocks, whoever made them, after a check that they are well formed.

use std::ffi::{CStr, c_char, c_void};

use super::{TAB, element, is_letter, tab_length, text};
use crate::types::{PyObject, w_Targs};
use vh_core::error::{Code, Error};
use vh_core::log::plain;

/// One value of a block, for reading. Pointers are valid as long as the block.
#[derive(Debug)]
pub enum Item<'a> {
    /// `l`
    Int(i64),
    /// `d`
    Float(f64),
    /// `p`
    Pointer(*mut c_void),
    /// `s`
    Text(Option<&'a [u8]>),
    /// `D`
    Json(Option<&'a [u8]>),
    /// `L`
    List(Option<Vec<&'a [u8]>>),
    /// `O`, borrowed
    Object(*mut PyObject),
    /// Type 0 of a `tab` block.
    Unsupported,
}

/// A block of the host, checked.
#[derive(Debug)]
pub struct View<'a> {
    block: *const w_Targs,
    format: &'a [u8],
    length: usize,
}

impl<'a> View<'a> {
    /// Checks format and element types.
    ///
    /// # Safety
    /// `block` is NULL or a live block, and stays so for `'a`.
    #[inline]
    pub unsafe fn new(block: *const w_Targs) -> Result<View<'a>, Error> {
        // SAFETY: not NULL and with a format, as is looked at first; then a live block, as the caller promises:
        // the format ends with a NUL, and as long as it holds letters only, each has an element.
        unsafe {
            if block.is_null() || (*block).format.is_null() {
                return View::unusual(block);
            }
            let format = (*block).format.cast::<u8>();
            let mut length = 0;
            loop {
                let letter = *format.add(length);
                if letter == 0 {
                    let format = std::slice::from_raw_parts(format, length);
                    return Ok(View { block, format, length });
                }
                if !is_letter(letter) || (*element(block, length)).kind as u8 != letter {
                    return View::unusual(block);
                }
                length += 1;
            }
        }
    }

    /// A view of a `tab` block; the error says what is wrong with any other block.
    ///
    /// # Safety
    /// As for `new`.
    #[cold]
    unsafe fn unusual(block: *const w_Targs) -> Result<View<'a>, Error> {
        if block.is_null() {
            return Err(Error::new(Code::Invalid, "the block is NULL"));
        }
        // SAFETY: not NULL, so a live block, as the caller promises.
        let format = unsafe { (*block).format };
        if format.is_null() {
            return Err(Error::new(Code::Invalid, "the block has no format"));
        }
        // SAFETY: the format of a live block is NULL or a C string, alive for `'a`.
        let format = unsafe { CStr::from_ptr(format) }.to_bytes();
        if format == TAB {
            // SAFETY: a live block, as above.
            return Ok(View { block, format, length: unsafe { tab_length(block) } });
        }
        let shown = plain::quoted(format);
        for (index, &letter) in format.iter().enumerate() {
            if !is_letter(letter) {
                let letter = char::from(letter).escape_default();
                let reason = format!("the format {shown} has the letter '{letter}'");
                return Err(Error::new(Code::Invalid, reason));
            }
            // SAFETY: a live block has an element for each letter; all up to this one are letters.
            let kind = unsafe { (*element(block, index)).kind } as u8;
            if kind != letter {
                let kind = char::from(kind).escape_default();
                let reason = format!("element {index} of the format {shown} has the type '{kind}'");
                return Err(Error::new(Code::Invalid, reason));
            }
        }
        Ok(View { block, format, length: format.len() })
    }

    /// The format letters.
    pub fn format(&self) -> &'a [u8] {
        self.format
    }

    /// Whether the elements' types tell what they are.
    #[inline]
    pub fn is_tab(&self) -> bool {
        self.format == TAB
    }

    /// Number of elements.
    #[inline]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The value at `index`, which is below `length()`.
    #[inline(always)]
    pub fn item(&self, index: usize) -> Item<'a> {
        assert!(index < self.length);
        // SAFETY: `new` was promised a live block for `'a`, and found `length` elements in it. Its type tells
        // the valid field of the union; strings and lists are NULL, or alive and terminated.
        unsafe {
            let element = &*element(self.block, index);
            match element.kind as u8 {
                b'l' => Item::Int(element.value.l),
                b'd' => Item::Float(element.value.d),
                b'p' => Item::Pointer(element.value.p),
                b's' => Item::Text(text(element.value.s)),
                b'D' => Item::Json(text(element.value.s)),
                b'L' => Item::List(list(element.value.L)),
                b'O' => Item::Object(element.value.O),
                _ => Item::Unsupported,
            }
        }
    }

    /// All values.
    #[inline]
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> {
        (0..self.length).map(|index| self.item(index))
    }
}

/// The texts of a list; None for NULL.
///
/// # Safety
/// `list` is NULL or a NULL-terminated list of C strings alive for `'a`.
unsafe fn list<'a>(list: *mut *mut c_char) -> Option<Vec<&'a [u8]>> {
    if list.is_null() {
        return None;
    }
    // SAFETY: not NULL, so a list of C strings alive for `'a`, as the caller promises; no pointer behind its NULL
    // is read.
    Some((0..).map_while(|index| unsafe { text(*list.add(index)) }).collect())
}
