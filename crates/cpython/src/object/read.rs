//! Reading objects: what an object is, and its value.

use std::ffi::{CStr, c_long};

use pyo3_ffi as ffi;

use super::{Attached, Obj};

impl<'a> Obj<'a> {
    /// Whether it is `None`.
    #[inline]
    pub fn is_none(&self) -> bool {
        // SAFETY: attached.
        self.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// Whether it is a str (subclasses too).
    #[inline]
    pub fn is_str(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyUnicode_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is an int (bool too).
    #[inline]
    pub fn is_int(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyLong_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a float.
    pub fn is_float(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyFloat_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a tuple.
    #[inline]
    pub fn is_tuple(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyTuple_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyList_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a dict or, from Python 3.15 on, a frozendict.
    #[inline]
    pub fn is_dict(&self) -> bool {
        #[cfg(Py_3_15)]
        use ffi::PyAnyDict_Check as check;
        #[cfg(not(Py_3_15))]
        use ffi::PyDict_Check as check;
        // SAFETY: attached.
        unsafe { check(self.as_ptr()) != 0 }
    }

    /// Whether it is a set or frozenset.
    pub fn is_set(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyAnySet_Check(self.as_ptr()) != 0 }
    }

    /// Whether it is a bytes object.
    pub fn is_bytes(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyBytes_Check(self.as_ptr()) != 0 }
    }

    /// Whether it can be called.
    pub fn is_callable(&self) -> bool {
        // SAFETY: attached; a type says itself whether its objects can be called.
        unsafe { (*ffi::Py_TYPE(self.as_ptr())).tp_call.is_some() }
    }

    /// Whether it is a function written in Python.
    pub fn is_function(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::Py_IS_TYPE(self.as_ptr(), &raw mut ffi::PyFunction_Type) != 0 }
    }

    /// Whether it is a coroutine, which calling an `async def` function gives.
    #[inline]
    pub fn is_coroutine(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::Py_IS_TYPE(self.as_ptr(), &raw mut ffi::PyCoro_Type) != 0 }
    }

    /// Whether it is true for Python.
    pub fn is_true(&self) -> bool {
        // SAFETY: attached; what a `__bool__` raises is none of the caller's business.
        unsafe {
            let answer = ffi::PyObject_IsTrue(self.as_ptr());
            if answer < 0 {
                ffi::PyErr_Clear();
            }
            answer > 0
        }
    }

    /// Name of its type, for messages.
    pub fn type_name(&self) -> String {
        // SAFETY: attached; tp_name is a C string that lives as long as the type.
        unsafe {
            let name = (*ffi::Py_TYPE(self.as_ptr())).tp_name;
            let name = CStr::from_ptr(name).to_string_lossy();
            name.rsplit('.').next().unwrap_or_default().to_owned()
        }
    }

    /// A description for messages.
    pub fn described(&self) -> String {
        format!("a value of type {}", self.type_name())
    }

    /// The value of an int; None when it does not fit 64 bits or is no int.
    pub fn as_i64(&self) -> Option<i64> {
        let mut overflow = 0;
        if !self.is_int() {
            return None;
        }
        // SAFETY: attached; an int, so that it raises nothing.
        let value: c_long =
            unsafe { ffi::PyLong_AsLongAndOverflow(self.as_ptr(), &raw mut overflow) };
        (overflow == 0).then_some(value)
    }

    /// The value of an int from 0 on that fits 64 bits without a sign.
    pub fn as_u64(&self) -> Option<u64> {
        if !self.is_int() {
            return None;
        }
        // SAFETY: attached; an int; what it raises for others is cleared.
        unsafe {
            let value = ffi::PyLong_AsUnsignedLongLong(self.as_ptr());
            if value == u64::MAX && !ffi::PyErr_Occurred().is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            Some(value)
        }
    }

    /// The value of a float; NaN for anything else.
    pub fn as_f64(&self) -> f64 {
        if !self.is_float() {
            return f64::NAN;
        }
        // SAFETY: attached; a float.
        unsafe { ffi::PyFloat_AS_DOUBLE(self.as_ptr()) }
    }

    /// The bytes of a bytes object, alive as long as the object; none for anything else.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: attached; pointer and length of an object that does not change.
        unsafe {
            if ffi::PyBytes_Check(self.as_ptr()) == 0 {
                return &[];
            }
            let start = ffi::PyBytes_AS_STRING(self.as_ptr()).cast::<u8>();
            std::slice::from_raw_parts(start, ffi::PyBytes_Size(self.as_ptr()) as usize)
        }
    }

    /// The UTF-8 form of a str, alive as long as the object; None when it holds lone surrogates or is no str.
    #[inline]
    pub fn as_utf8(&self) -> Option<&str> {
        if !self.is_str() {
            return None;
        }
        #[cfg(not(Py_3_14))]
        // SAFETY: attached; a str whose characters are ASCII and lie behind its head.
        unsafe {
            if ffi::PyUnicode_IS_COMPACT_ASCII(self.as_ptr()) != 0 {
                let start = ffi::PyUnicode_1BYTE_DATA(self.as_ptr());
                let length = ffi::PyUnicode_GET_LENGTH(self.as_ptr()) as usize;
                let bytes = std::slice::from_raw_parts(start, length);
                return Some(std::str::from_utf8_unchecked(bytes));
            }
        }
        self.other_as_utf8()
    }

    fn other_as_utf8(&self) -> Option<&str> {
        let mut length = 0;
        // SAFETY: attached; a str; Python keeps the UTF-8 form with the
        // object and guarantees it is UTF-8.
        unsafe {
            let text = ffi::PyUnicode_AsUTF8AndSize(self.as_ptr(), &raw mut length);
            if text.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length as usize);
            Some(std::str::from_utf8_unchecked(bytes))
        }
    }

    /// The code points of a str, which may be lone surrogates; none for anything else.
    pub fn code_points(&self) -> Vec<u32> {
        if !self.is_str() {
            return Vec::new();
        }
        // SAFETY: attached; a str; the copy is ours to free.
        unsafe {
            let length = ffi::PyUnicode_GetLength(self.as_ptr()) as usize;
            let copy = ffi::PyUnicode_AsUCS4Copy(self.as_ptr());
            if copy.is_null() {
                ffi::PyErr_Clear();
                return Vec::new();
            }
            let points = std::slice::from_raw_parts(copy, length).to_vec();
            ffi::PyMem_Free(copy.cast());
            points
        }
    }

    /// A readable form of a str, whatever is in it; for anything else, its description.
    pub fn to_text(&self) -> String {
        if !self.is_str() {
            return self.described();
        }
        match self.as_utf8() {
            Some(text) => text.to_owned(),
            None => self
                .code_points()
                .into_iter()
                .map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        }
    }
}

impl<'a> Attached<'a> {
    /// What Python's `repr` says, for messages.
    pub fn repr(self, object: &Obj) -> String {
        // SAFETY: attached; a new reference or NULL.
        match unsafe { self.take(ffi::PyObject_Repr(object.as_ptr())) } {
            Ok(text) => text.to_text(),
            Err(raised) => {
                self.clear(raised);
                object.described()
            }
        }
    }
}
