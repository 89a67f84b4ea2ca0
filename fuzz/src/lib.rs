//! What the fuzzers share: the variadic functions, blocks that own their strings, and a hub with live
//! interpreters.

use std::ffi::{CString, c_char, c_int, c_void};
use std::fs::File;
use std::os::fd::AsRawFd as _;

use vh_python_wrapper::abi::{w_Targs, w_Telement};

mod blocks;
pub mod hub;

pub use blocks::{OwnedBlock, element, text_of, texts_of};
pub use hub::{Hub, Script};

unsafe extern "C" {
    /// As the header says; the destinations are pointers.
    pub fn w_unpack(args: *mut w_Targs, format: *const c_char, ...) -> c_int;
    /// `va_list` is a pointer to the structure on both machines the library is built for.
    fn w_vapack(format: *const c_char, arguments: *mut VaList) -> *mut w_Targs;
}

/// A `va_list` whose registers are used up, so that every argument comes from the stack: an array.
#[cfg(target_arch = "x86_64")]
#[repr(C)]
struct VaList {
    general_offset: u32,
    float_offset: u32,
    stack: *const u64,
    registers: *const c_void,
}

#[cfg(target_arch = "x86_64")]
impl VaList {
    fn new(arguments: &[u64]) -> VaList {
        VaList {
            general_offset: 6 * 8,
            float_offset: 6 * 8 + 8 * 16,
            stack: arguments.as_ptr(),
            registers: std::ptr::null(),
        }
    }
}

#[cfg(target_arch = "aarch64")]
#[repr(C)]
struct VaList {
    stack: *const u64,
    general_end: *const c_void,
    float_end: *const c_void,
    general_offset: i32,
    float_offset: i32,
}

#[cfg(target_arch = "aarch64")]
impl VaList {
    fn new(arguments: &[u64]) -> VaList {
        VaList {
            stack: arguments.as_ptr(),
            general_end: std::ptr::null(),
            float_end: std::ptr::null(),
            general_offset: 0,
            float_offset: 0,
        }
    }
}

/// `w_vapack` with one value for each letter.
pub fn pack(format: &CString, values: &[u64]) -> *mut w_Targs {
    assert!(values.len() >= format.as_bytes().len());
    let mut arguments = VaList::new(values);
    // SAFETY: a C string, and a value for each of its letters.
    unsafe { w_vapack(format.as_ptr(), &raw mut arguments) }
}

/// Bytes as a C string, up to the first NUL.
pub fn c_string(bytes: &[u8]) -> CString {
    CString::new(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).expect("no NUL")
}

/// The letters of a block format.
pub fn is_letter(letter: u8) -> bool {
    b"lsdpLDO".contains(&letter)
}

/// Keeps the library's log, which is standard output, from drowning everything else.
pub fn silence_log() {
    let nothing = File::options().write(true).open("/dev/null").expect("/dev/null can be written");
    // SAFETY: two open descriptors.
    assert!(unsafe { libc::dup2(nothing.as_raw_fd(), libc::STDOUT_FILENO) } >= 0);
}

/// Size of a block's head and elements.
fn head_size(count: usize) -> usize {
    size_of::<w_Targs>() + count * size_of::<w_Telement>()
}
