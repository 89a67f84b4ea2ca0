//! Blocks as a host makes them: any format, any element types, strings of their own.

use std::ffi::{CStr, CString, c_char};

use arbitrary::{Arbitrary, Unstructured};
use vh_host::types::Payload;
use vh_python_wrapper::abi::{w_Targs, w_Telement};

use crate::{c_string, head_size};

/// Elements of a `tab` block.
const TAB_LENGTH: usize = 10;
/// Most blocks are short; some are long.
const LONGEST: usize = 300;

/// Formats that hooks, callbacks and their results have.
const KNOWN_FORMATS: [&CStr; 12] = [
    c"l",
    c"s",
    c"d",
    c"D",
    c"ll",
    c"ls",
    c"lss",
    c"ss",
    c"sssss",
    c"ssssss",
    c"lllp",
    c"sdsdslslp",
];

/// A block from `malloc` whose strings are allocations of their own.
#[derive(Debug)]
pub struct OwnedBlock(*mut w_Targs);

impl OwnedBlock {
    /// An empty block of this format: elements of the letters' types, zeroed.
    pub fn new(format: &[u8]) -> OwnedBlock {
        let format = c_string(format);
        let letters = format.as_bytes();
        let count = if letters == b"tab" { TAB_LENGTH } else { letters.len() };
        let head = head_size(count);
        // SAFETY: the allocation has room for head, elements and the format with its NUL.
        unsafe {
            let block = libc::calloc(1, head + letters.len() + 1).cast::<w_Targs>();
            let copy = block.cast::<u8>().add(head);
            copy.copy_from_nonoverlapping(letters.as_ptr(), letters.len());
            (*block).format = copy.cast();
            if letters != b"tab" {
                for (index, &letter) in letters.iter().enumerate() {
                    (*element(block, index)).kind = letter as c_char;
                }
            }
            OwnedBlock(block)
        }
    }

    /// The pointer; NULL for none.
    pub fn as_ptr(&self) -> *mut w_Targs {
        self.0
    }

    /// Gives the block away.
    pub fn into_raw(self) -> *mut w_Targs {
        let block = self.0;
        std::mem::forget(self);
        block
    }

    /// A block of this format with any values.
    pub fn with_values(format: &[u8], input: &mut Unstructured) -> arbitrary::Result<OwnedBlock> {
        let mut block = OwnedBlock::new(format);
        block.fill(input)?;
        Ok(block)
    }

    fn fill(&mut self, input: &mut Unstructured) -> arbitrary::Result<()> {
        // SAFETY: the format of a new block is a C string.
        let letters = unsafe { CStr::from_ptr((*self.0).format) }.to_bytes().to_vec();
        for (index, letter) in letters.into_iter().enumerate() {
            // Now and then an element is not what the format says.
            let kind = if input.ratio(1, 32)? { *input.choose(b"lsdpLDO\0x")? } else { letter };
            self.set(index, kind, input)?;
        }
        Ok(())
    }

    fn set(&mut self, index: usize, kind: u8, input: &mut Unstructured) -> arbitrary::Result<()> {
        let value = match kind {
            b'l' => Payload { l: input.arbitrary()? },
            b'd' => Payload { d: input.arbitrary()? },
            b's' | b'D' => Payload { s: text(input, kind)? },
            b'L' => Payload { L: list(input)? },
            // What they point to must be real, so they point to nothing.
            _ => Payload { p: std::ptr::null_mut() },
        };
        // SAFETY: the callers stay within the block.
        unsafe { *element(self.0, index) = w_Telement { kind: kind as c_char, value } };
        Ok(())
    }
}

impl Drop for OwnedBlock {
    fn drop(&mut self) {
        // SAFETY: made by this type, and given away by `into_raw` only.
        unsafe { vh_python_wrapper::abi::w_free_args(self.0) };
    }
}

impl<'a> Arbitrary<'a> for OwnedBlock {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let format = format(input)?;
        let mut block = OwnedBlock::new(format.as_bytes());
        if format.as_bytes() == b"tab" {
            for index in 0..input.int_in_range(0..=TAB_LENGTH)? {
                let kind = *input.choose(b"lsdpLDO\0x")?;
                block.set(index, kind, input)?;
            }
            return Ok(block);
        }
        block.fill(input)?;
        if input.ratio(1, 64)? {
            // Its strings are unknown then, and nobody frees them: so it has none.
            let empty = OwnedBlock::new(b"l");
            // SAFETY: a live block.
            unsafe { (*empty.0).format = std::ptr::null() };
            return Ok(empty);
        }
        Ok(block)
    }
}

/// A format: mostly of letters that exist.
fn format(input: &mut Unstructured) -> arbitrary::Result<CString> {
    if input.ratio(1, 16)? {
        return Ok(c"tab".to_owned());
    }
    if input.ratio(1, 4)? {
        return Ok((*input.choose(&KNOWN_FORMATS)?).into());
    }
    let longest = if input.ratio(1, 64)? { LONGEST } else { 8 };
    let length = input.int_in_range(0..=longest)?;
    let wrong = input.ratio(1, 16)?;
    let letters: &[u8] = if wrong { b"lsdpLDO|x\xFF" } else { b"lsdpLDO" };
    let format: Result<Vec<u8>, _> = (0..length).map(|_| input.choose(letters).copied()).collect();
    Ok(c_string(&format?))
}

/// A `malloc` text, or NULL. Half of the JSON texts are JSON.
fn text(input: &mut Unstructured, kind: u8) -> arbitrary::Result<*mut c_char> {
    if input.ratio(1, 16)? {
        return Ok(std::ptr::null_mut());
    }
    const JSON: [&CStr; 8] = [
        c"{}",
        c"[]",
        c"null",
        c"[1, 2.5, true]",
        c"{\"a\": \"\\ud800\"}",
        c"\"\xC3\xA4\"",
        c"1e400",
        c"[[",
    ];
    if kind == b'D' && input.arbitrary()? {
        return Ok(duplicate(input.choose(&JSON)?));
    }
    Ok(duplicate(&c_string(input.arbitrary()?)))
}

/// A `malloc` list of texts, or NULL.
fn list(input: &mut Unstructured) -> arbitrary::Result<*mut *mut c_char> {
    if input.ratio(1, 16)? {
        return Ok(std::ptr::null_mut());
    }
    let length = input.int_in_range(0..=4)?;
    // SAFETY: the allocation has room for the texts and the NULL behind them.
    unsafe {
        let list = libc::calloc(length + 1, size_of::<*mut c_char>()).cast::<*mut c_char>();
        for index in 0..length {
            // A failure would leak the list, so there is none.
            list.add(index).write(duplicate(&c_string(input.arbitrary().unwrap_or_default())));
        }
        Ok(list)
    }
}

fn duplicate(text: &CStr) -> *mut c_char {
    // SAFETY: a C string.
    unsafe { libc::strdup(text.as_ptr()) }
}

/// The element `index` of a block.
///
/// # Safety
/// The block has it.
pub unsafe fn element(block: *mut w_Targs, index: usize) -> *mut w_Telement {
    // SAFETY: by contract.
    unsafe { block.cast::<u8>().add(head_size(index)).cast() }
}

/// A text of a block.
///
/// # Safety
/// NULL or a live C string.
pub unsafe fn text_of<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: by contract.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The texts of a list.
///
/// # Safety
/// A live NULL-terminated list of C strings.
pub unsafe fn texts_of<'a>(list: *mut *mut c_char) -> Vec<&'a [u8]> {
    // SAFETY: by contract.
    (0..).map_while(|index| unsafe { text_of(*list.add(index)) }).collect()
}
