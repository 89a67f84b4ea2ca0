//! JSON text ↔ Python objects, directly.
//!
//! No general JSON crate is used, because the text must hold what those change or refuse: integers have 64
//! bits or are an error, never a rounded float; bytes that were no text in the hub's encoding travel as lone
//! surrogates; and Python objects are made and read without other values in between.

use std::ffi::CStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pyo3_ffi as ffi;

use super::object::{Exception, Obj, Raised};
use vh_core::json::{write_code_point, write_text};

mod reader;

pub use reader::parse;

/// How many containers may be inside each other. This also stops one that contains itself.
const MAX_DEPTH: usize = 128;
/// How many bytes one JSON text may have.
const MAX_LENGTH: usize = 64 << 20;
/// The only key of a map that stands for bytes.
const BYTES_KEY: &CStr = c"$bytes";

/// Why there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The value or text is not allowed. This has the exception to raise for it, and the reason, which is
    /// boxed so that a result with an object still fits registers.
    Refused(Exception, Box<String>),
    /// Python raised an exception.
    Raised(Raised),
}

impl Failure {
    /// A failure because a value or text is not allowed.
    pub fn refused(reason: impl Into<String>) -> Failure {
        Failure::refused_with(Exception::Value, reason)
    }

    /// The same with another type of exception.
    #[cold]
    pub fn refused_with(kind: Exception, reason: impl Into<String>) -> Failure {
        Failure::Refused(kind, Box::new(reason.into()))
    }
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Self {
        Failure::Raised(raised)
    }
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::refused(reason))
}

/// The JSON text of an object.
pub fn dump(object: &Obj) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(256);
    dump_into(&mut out, object, 0)?;
    Ok(out)
}

fn dump_into(out: &mut Vec<u8>, object: &Obj, depth: usize) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return refuse(format!("it is nested deeper than {MAX_DEPTH} levels or contains itself"));
    }
    if out.len() > MAX_LENGTH {
        return refuse(format!("its JSON text is longer than {} MiB", MAX_LENGTH >> 20));
    }
    let pointer = object.as_ptr();
    // SAFETY: attached, as the object proves.
    unsafe {
        if object.is_none() {
            out.extend_from_slice(b"null");
        } else if object.is_str() {
            dump_str(out, object);
        } else if pointer == ffi::Py_True() {
            out.extend_from_slice(b"true");
        } else if pointer == ffi::Py_False() {
            out.extend_from_slice(b"false");
        } else if object.is_int() {
            dump_integer(out, object)?;
        } else if object.is_float() {
            dump_float(out, object)?;
        } else if object.is_dict() {
            dump_dict(out, object, depth)?;
        } else if object.is_list() || object.is_tuple() {
            dump_items(out, (0..).map_while(|index| object.item(index)).map(Ok), depth)?;
        } else if ffi::PyAnySet_Check(pointer) != 0 {
            dump_items(out, iterate(object)?, depth)?;
        } else if ffi::PyBytes_Check(pointer) != 0 {
            dump_bytes(out, object);
        } else {
            return refuse(format!("a value of type {} has no JSON form", object.type_name()));
        }
    }
    Ok(())
}

fn dump_integer(out: &mut Vec<u8>, object: &Obj) -> Result<(), Failure> {
    let Some(number) = object.as_i64() else {
        return refuse("an integer in it does not fit 64 bits");
    };
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    Ok(())
}

fn dump_float(out: &mut Vec<u8>, object: &Obj) -> Result<(), Failure> {
    let number = object.as_f64();
    if !number.is_finite() {
        return refuse(format!("{number} in it has no JSON form"));
    }
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    Ok(())
}

fn dump_items<'a>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = Result<Obj<'a>, Raised>>,
    depth: usize,
) -> Result<(), Failure> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        dump_into(out, &item?, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

/// The items of a set.
fn iterate<'a>(set: &Obj<'a>) -> Result<impl Iterator<Item = Result<Obj<'a>, Raised>>, Failure> {
    let attached = set.attached();
    // SAFETY: attached; both functions give strong references or NULL.
    let iterator = unsafe { attached.take(ffi::PyObject_GetIter(set.as_ptr()))? };
    Ok(std::iter::from_fn(move || {
        // SAFETY: as above; at the end NULL comes without an exception.
        unsafe {
            match attached.take(ffi::PyIter_Next(iterator.as_ptr())) {
                Err(_) if ffi::PyErr_Occurred().is_null() => None,
                item => Some(item),
            }
        }
    }))
}

fn dump_dict(out: &mut Vec<u8>, dict: &Obj, depth: usize) -> Result<(), Failure> {
    let attached = dict.attached();
    let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    out.push(b'{');
    let mut first = true;
    // SAFETY: attached; the pairs are made strong at once. Writing a set inside may run Python
    // code that changes the dict; PyDict_Next then still only gives pairs that are in it.
    unsafe {
        while ffi::PyDict_Next(dict.as_ptr(), &raw mut position, &raw mut key, &raw mut value) != 0
        {
            let (Some(key), Some(value)) = (attached.borrow(key), attached.borrow(value)) else {
                continue;
            };
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            dump_key(out, &key)?;
            out.push(b':');
            dump_into(out, &value, depth + 1)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// Writes a key. JSON has only text keys; numbers, bools and None become text as with Python's `json`.
fn dump_key(out: &mut Vec<u8>, key: &Obj) -> Result<(), Failure> {
    // SAFETY: attached, as the object proves.
    let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
    if key.is_str() {
        dump_str(out, key);
        return Ok(());
    }
    out.push(b'"');
    if key.is_none() {
        out.extend_from_slice(b"null");
    } else if key.as_ptr() == yes {
        out.extend_from_slice(b"true");
    } else if key.as_ptr() == no {
        out.extend_from_slice(b"false");
    } else if key.is_int() {
        dump_integer(out, key)?;
    } else if key.is_float() {
        dump_float(out, key)?;
    } else {
        return refuse(format!("a key of type {} has no JSON form", key.type_name()));
    }
    out.push(b'"');
    Ok(())
}

fn dump_str(out: &mut Vec<u8>, text: &Obj) {
    match text.as_utf8() {
        Some(text) => write_text(out, text),
        None => {
            out.push(b'"');
            for point in text.code_points() {
                write_code_point(out, point, false);
            }
            out.push(b'"');
        }
    }
}

fn dump_bytes(out: &mut Vec<u8>, object: &Obj) {
    // SAFETY: attached; the bytes live as long as the object.
    let bytes = unsafe {
        std::slice::from_raw_parts(
            ffi::PyBytes_AS_STRING(object.as_ptr()).cast::<u8>(),
            ffi::PyBytes_Size(object.as_ptr()) as usize,
        )
    };
    let key = BYTES_KEY.to_string_lossy();
    out.extend_from_slice(format!("{{\"{key}\":\"{}\"}}", BASE64.encode(bytes)).as_bytes());
}
