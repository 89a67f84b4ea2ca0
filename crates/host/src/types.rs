//! The structures and function types of the C interface, and the asserts that pin their layout.

#![allow(missing_debug_implementations, reason = "what is valid in them depends on the format")]
#![allow(non_snake_case, reason = "the names hosts use")]

use std::ffi::{c_char, c_double, c_int, c_long, c_void};

/// An object of Python, of which nothing is known here but where it is.
#[repr(C)]
pub struct PyObject {
    _nothing: [u8; 0],
}

/// What an element holds; which field is valid is told by [`w_Telement::kind`].
#[derive(Clone, Copy)]
#[repr(C)]
pub union Payload {
    /// `l`: integer.
    pub l: c_long,
    /// `s`, `D`: text, JSON text.
    pub s: *mut c_char,
    /// `d`: floating point number.
    pub d: c_double,
    /// `p`: opaque pointer.
    pub p: *mut c_void,
    /// `L`: NULL-terminated list of texts.
    pub L: *mut *mut c_char,
    /// `O`: object of the target script's interpreter.
    pub O: *mut PyObject,
}

/// One packed argument.
#[allow(non_camel_case_types, reason = "the name hosts use")]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct w_Telement {
    /// Format letter of this element. In a `tab` block 0 means a value that has no form in C.
    pub kind: c_char,
    /// The value.
    pub value: Payload,
}

/// An argument block: a format and one element per letter of it.
#[allow(non_camel_case_types, reason = "the name hosts use")]
#[repr(C)]
pub struct w_Targs {
    /// Format letters, NUL-terminated.
    pub format: *const c_char,
    /// The elements; as many as the format has letters.
    pub args: [w_Telement; 0],
}

/// A function of the host, called with the id of the calling script.
#[allow(non_camel_case_types, reason = "the name hosts use")]
pub type w_Tcallback = Option<unsafe extern "C" fn(id: c_int, args: *mut w_Targs) -> *mut w_Targs>;

/// Why a function with data of its own failed: what the script sees raised.
#[allow(non_camel_case_types, reason = "named like the others")]
#[repr(C)]
pub struct w_Tfailure {
    /// Name of a built-in exception; NULL means RuntimeError.
    pub exception: *mut c_char,
    /// Its text.
    pub message: *mut c_char,
}

/// A function of the host with data of its own.
#[allow(non_camel_case_types, reason = "named like the others")]
pub type w_Tfunction = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        id: c_int,
        args: *mut w_Targs,
        failure: *mut w_Tfailure,
    ) -> *mut w_Targs,
>;

/// Gives back the data of such a function.
#[allow(non_camel_case_types, reason = "named like the others")]
pub type w_Trelease = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// A function of the host that takes records of the log.
#[allow(non_camel_case_types, reason = "the name hosts use")]
pub type w_TlogSink = Option<
    unsafe extern "C" fn(level: c_int, script: c_int, message: *const c_char, user: *mut c_void),
>;

/// A function of the host that hears events of a back end.
#[allow(non_camel_case_types, reason = "named like the others")]
pub type w_Tevent = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        backend: c_int,
        event: *const c_char,
        json: *const c_char,
    ),
>;

const _: () = {
    assert!(size_of::<w_Tfailure>() == 16);
    assert!(size_of::<w_Telement>() == 16);
    assert!(std::mem::offset_of!(w_Telement, value) == 8);
    assert!(size_of::<w_Targs>() == 8);
    assert!(std::mem::offset_of!(w_Targs, args) == 8);
    assert!(size_of::<Payload>() == 8);
};
