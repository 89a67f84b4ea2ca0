//! Making Python objects of values in Rust.

use std::ffi::{CStr, c_char};

use pyo3_ffi as ffi;

use super::{Attached, Obj, Raised};

impl<'a> Attached<'a> {
    /// An int.
    pub fn int(self, value: i64) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyLong_FromLongLong(value)) }
    }

    /// A float.
    pub fn float(self, value: f64) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyFloat_FromDouble(value)) }
    }

    /// A str of a text of ours.
    pub fn str(self, value: &str) -> Result<Obj<'a>, Raised> {
        self.decode(value.as_bytes(), None)
    }

    /// A str of ASCII characters. For texts of one character Python's own function is used, which shares
    /// them.
    pub fn ascii(self, bytes: &[u8]) -> Result<Obj<'a>, Raised> {
        if bytes.len() < 2 {
            return self.decode(bytes, None);
        }
        debug_assert!(bytes.is_ascii());
        // SAFETY: attached; the new str has room for as many characters of one byte each, and nobody
        // else knows it yet.
        unsafe {
            let text = self.take(ffi::PyUnicode_New(bytes.len() as ffi::Py_ssize_t, 127))?;
            let characters = ffi::PyUnicode_1BYTE_DATA(text.as_ptr());
            characters.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Ok(text)
        }
    }

    /// A str of code points below 0x10000, lone surrogates among them.
    pub fn str_of(self, points: &[u16]) -> Result<Obj<'a>, Raised> {
        let length = points.len() as ffi::Py_ssize_t;
        /// `PyUnicode_2BYTE_KIND` of CPython's headers.
        const TWO_BYTES: i32 = 2;
        // SAFETY: attached; pointer and length are one slice of two bytes each.
        unsafe {
            self.take(ffi::PyUnicode_FromKindAndData(TWO_BYTES, points.as_ptr().cast(), length))
        }
    }

    /// The same for code points of any size.
    pub fn str_of_points(self, points: &[u32]) -> Result<Obj<'a>, Raised> {
        let length = points.len() as ffi::Py_ssize_t;
        /// `PyUnicode_4BYTE_KIND` of CPython's headers.
        const FOUR_BYTES: i32 = 4;
        // SAFETY: attached; pointer and length are one slice of four bytes each.
        unsafe {
            self.take(ffi::PyUnicode_FromKindAndData(FOUR_BYTES, points.as_ptr().cast(), length))
        }
    }

    /// A str in Python's table of interned names, for looking names up.
    pub fn name(self, name: &CStr) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; a C string.
        unsafe { self.take(ffi::PyUnicode_InternFromString(name.as_ptr())) }
    }

    /// A str of bytes in UTF-8, with one of Python's error handlers.
    pub fn decode(self, bytes: &[u8], errors: Option<&CStr>) -> Result<Obj<'a>, Raised> {
        let errors = errors.map_or(std::ptr::null(), CStr::as_ptr);
        // SAFETY: attached; pointer and length are one slice.
        unsafe {
            self.take(ffi::PyUnicode_DecodeUTF8(
                bytes.as_ptr().cast::<c_char>(),
                bytes.len() as ffi::Py_ssize_t,
                errors,
            ))
        }
    }

    /// A bytes object.
    pub fn bytes(self, value: &[u8]) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; pointer and length are one slice.
        unsafe {
            self.take(ffi::PyBytes_FromStringAndSize(
                value.as_ptr().cast(),
                value.len() as ffi::Py_ssize_t,
            ))
        }
    }
}

impl<'a> Obj<'a> {
    /// The equal str of Python's table of interned names, which dicts find faster.
    pub fn interned(self) -> Obj<'a> {
        let attached = self.attached;
        let mut pointer = self.into_raw();
        // SAFETY: attached; the reference is exchanged for one to an equal str.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut pointer);
            attached.take(pointer).expect("it was not NULL")
        }
    }
}
