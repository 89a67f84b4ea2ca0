//! References to Python objects that the compiler keeps inside the time their interpreter is
//! attached to this thread.

use std::cell::UnsafeCell;
use std::ffi::{CStr, CString, c_char, c_long};
use std::marker::PhantomData;
use std::ptr::NonNull;

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

/// Proof that an interpreter is attached to this thread for `'a`. Neither `Send` nor `Sync`.
#[derive(Clone, Copy, Debug)]
pub struct Attached<'a>(PhantomData<(&'a (), *mut ())>);

/// A Python exception is set in the attached interpreter.
///
/// It must be handed to Python (return NULL) or taken by `report`; it is never dropped silently.
#[derive(Debug)]
#[must_use = "the exception is still set in the interpreter"]
pub struct Raised;

/// A strong reference, dropped while its interpreter is attached.
#[derive(Debug)]
#[repr(transparent)]
pub struct Obj<'a> {
    pointer: NonNull<PyObject>,
    attached: Attached<'a>,
}

/// A strong reference kept for later, for example in a loaded script. Dropping it leaks the object:
/// only the holder knows when its interpreter is attached, and calls `release` then.
#[derive(Debug)]
pub struct Owned(NonNull<PyObject>);

// SAFETY: the pointer is only followed through `get` and `release`, which demand that the
// interpreter is attached, whatever the thread.
unsafe impl Send for Owned {}
// SAFETY: as above.
unsafe impl Sync for Owned {}

/// Data that is only touched while its interpreter is attached, so that the interpreter's own lock
/// guards it.
#[derive(Debug, Default)]
pub struct Guarded<T>(UnsafeCell<T>);

// SAFETY: one thread at a time has the interpreter attached, and `with` demands that.
unsafe impl<T: Send> Sync for Guarded<T> {}

impl<T> Guarded<T> {
    /// Lends the data to `body`.
    ///
    /// # Safety
    /// The interpreter the data belongs to is attached, the same each time. `body` runs no Python
    /// code, which could leave the interpreter, and does not come back here.
    #[inline]
    pub unsafe fn with<R>(&self, _: Attached<'_>, body: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: by contract nobody else has a reference.
        body(unsafe { &mut *self.0.get() })
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<'a> Attached<'a> {
    /// # Safety
    /// An interpreter is attached to this thread for `'a`.
    pub unsafe fn assume() -> Attached<'a> {
        Attached(PhantomData)
    }

    /// Takes a new reference from a C API function: NULL means an exception is set.
    ///
    /// # Safety
    /// `pointer` is NULL with an exception set, or a strong reference of this interpreter.
    #[inline]
    pub unsafe fn take(self, pointer: *mut PyObject) -> Result<Obj<'a>, Raised> {
        match NonNull::new(pointer) {
            Some(pointer) => Ok(Obj { pointer, attached: self }),
            None => Err(Raised),
        }
    }

    /// Makes a strong reference of a borrowed one.
    ///
    /// # Safety
    /// `pointer` is NULL or an object of this interpreter.
    #[inline]
    pub unsafe fn borrow(self, pointer: *mut PyObject) -> Option<Obj<'a>> {
        let pointer = NonNull::new(pointer)?;
        // SAFETY: by contract, and attached.
        unsafe { ffi::Py_INCREF(pointer.as_ptr()) };
        Some(Obj { pointer, attached: self })
    }

    /// `None`.
    pub fn none(self) -> Obj<'a> {
        // SAFETY: None always exists.
        unsafe { self.borrow(ffi::Py_None()) }.expect("None exists")
    }

    /// `True` or `False`.
    pub fn bool(self, value: bool) -> Obj<'a> {
        let object = if value {
            // SAFETY: attached.
            unsafe { ffi::Py_True() }
        } else {
            // SAFETY: attached.
            unsafe { ffi::Py_False() }
        };
        // SAFETY: both always exist.
        unsafe { self.borrow(object) }.expect("True and False exist")
    }

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

    /// A str of text that is ours, so it is UTF-8.
    pub fn str(self, value: &str) -> Result<Obj<'a>, Raised> {
        self.decode(value.as_bytes(), None)
    }

    /// A str of ASCII characters; for short texts Python has its own way, which shares them.
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

    /// A str that is kept in Python's table of names, for looking names up.
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

    /// A tuple of these items.
    pub fn tuple(self, items: Vec<Obj<'a>>) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; each slot is filled once with a strong reference.
        unsafe {
            let tuple = self.take(ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
            for (index, item) in items.into_iter().enumerate() {
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, item.into_raw());
            }
            Ok(tuple)
        }
    }

    /// A list of these items.
    pub fn list<I>(self, items: I) -> Result<Obj<'a>, Raised>
    where
        I: IntoIterator<Item = Obj<'a>>,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        // SAFETY: attached; each slot is filled once with a strong reference.
        unsafe {
            let list = self.take(ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
            for (index, item) in items.enumerate() {
                ffi::PyList_SET_ITEM(list.as_ptr(), index as ffi::Py_ssize_t, item.into_raw());
            }
            Ok(list)
        }
    }

    /// An empty dict.
    pub fn dict(self) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyDict_New()) }
    }

    /// A dict of keys and values in turn.
    pub fn dict_of(self, pairs: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        let dict = self.dict()?;
        for pair in pairs.as_chunks::<2>().0 {
            dict.set_dict_pair(&pair[0], &pair[1])?;
        }
        Ok(dict)
    }

    /// Imports a module.
    pub fn import(self, name: &CStr) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyImport_ImportModule(name.as_ptr())) }
    }

    /// A dict that code can run in.
    pub fn namespace(self) -> Result<Obj<'a>, Raised> {
        let namespace = self.dict()?;
        // SAFETY: attached; the builtins are borrowed.
        if let Some(builtins) = unsafe { self.borrow(ffi::PyEval_GetBuiltins()) } {
            namespace.set_dict_item(c"__builtins__", &builtins)?;
        }
        Ok(namespace)
    }

    /// Runs a few lines of ours in a namespace of their own, which is returned.
    pub fn run(self, source: &CStr) -> Result<Obj<'a>, Raised> {
        let namespace = self.namespace()?;
        // SAFETY: attached; the source is a C string.
        unsafe {
            self.take(ffi::PyRun_StringFlags(
                source.as_ptr(),
                ffi::Py_file_input,
                namespace.as_ptr(),
                namespace.as_ptr(),
                std::ptr::null_mut(),
            ))?;
        }
        Ok(namespace)
    }

    /// Sets an exception of one of Python's own types.
    pub fn raise(self, kind: Exception, message: &str) -> Raised {
        let Ok(message) = self.str(message) else { return Raised };
        // SAFETY: attached; the built-in exception types always exist.
        unsafe {
            let kind = match kind {
                Exception::Type => ffi::PyExc_TypeError,
                Exception::Value => ffi::PyExc_ValueError,
                Exception::Overflow => ffi::PyExc_OverflowError,
                Exception::Name => ffi::PyExc_NameError,
                Exception::Runtime => ffi::PyExc_RuntimeError,
                Exception::NotImplemented => ffi::PyExc_NotImplementedError,
                Exception::Memory => ffi::PyExc_MemoryError,
                Exception::Timeout => ffi::PyExc_TimeoutError,
                Exception::Exit => ffi::PyExc_SystemExit,
                Exception::Os => ffi::PyExc_OSError,
            };
            ffi::PyErr_SetObject(kind, message.as_ptr());
        }
        Raised
    }

    /// Sets a built-in exception by the name of its type; one of another name becomes a
    /// RuntimeError that says it.
    pub fn raise_named(self, kind: &str, message: &str) -> Raised {
        let Some(kind) = self.exception_type(kind) else {
            return self.raise(Exception::Runtime, &format!("{kind}: {message}"));
        };
        if let Ok(message) = self.str(message) {
            // SAFETY: attached; the type is an exception.
            unsafe { ffi::PyErr_SetObject(kind.as_ptr(), message.as_ptr()) };
        }
        Raised
    }

    /// A built-in subclass of Exception: no exit and no interrupt.
    fn exception_type(self, name: &str) -> Option<Obj<'a>> {
        let name = CString::new(name).ok()?;
        // SAFETY: attached; a type is only compared after it is known to be one.
        unsafe {
            let builtins = self.borrow(ffi::PyEval_GetBuiltins())?;
            let found = builtins.dict_item(&name)?;
            let is_exception = ffi::PyExceptionClass_Check(found.as_ptr()) != 0
                && ffi::PyType_IsSubtype(found.as_ptr().cast(), ffi::PyExc_Exception.cast()) != 0;
            is_exception.then_some(found)
        }
    }

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

    /// Forgets the exception that is set: for lookups whose failure is an answer.
    pub fn clear(self, raised: Raised) {
        let Raised = raised;
        // SAFETY: attached.
        unsafe { ffi::PyErr_Clear() };
    }
}

/// Exception types the library raises.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "Python's own names without Error")]
pub enum Exception {
    Type,
    Value,
    Overflow,
    Name,
    Runtime,
    NotImplemented,
    Memory,
    Timeout,
    Exit,
    Os,
}

impl<'a> Obj<'a> {
    /// The pointer, still owned by this reference.
    #[inline]
    pub fn as_ptr(&self) -> *mut PyObject {
        self.pointer.as_ptr()
    }

    /// Gives the reference to C.
    pub fn into_raw(self) -> *mut PyObject {
        let pointer = self.pointer.as_ptr();
        std::mem::forget(self);
        pointer
    }

    /// Keeps the object beyond this attachment.
    pub fn keep(self) -> Owned {
        let pointer = self.pointer;
        std::mem::forget(self);
        Owned(pointer)
    }

    /// The attachment this reference lives in.
    pub fn attached(&self) -> Attached<'a> {
        self.attached
    }

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

    /// Whether it can be called.
    pub fn is_callable(&self) -> bool {
        // SAFETY: attached; a type says itself whether its objects can be called.
        unsafe { (*ffi::Py_TYPE(self.as_ptr())).tp_call.is_some() }
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

    /// What it is, for messages.
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

    /// The value of an int that is no less than 0 and fits 64 bits without a sign.
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

    /// Whether it is a bytes object.
    pub fn is_bytes(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::PyBytes_Check(self.as_ptr()) != 0 }
    }

    /// The bytes of a bytes object, which lives as long; nothing for anything else.
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

    /// Whether Python takes it for true.
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

    /// Whether it is a function written in Python.
    pub fn is_function(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::Py_IS_TYPE(self.as_ptr(), &raw mut ffi::PyFunction_Type) != 0 }
    }

    /// Whether it is the coroutine that calling an `async def` function gives.
    #[inline]
    pub fn is_coroutine(&self) -> bool {
        // SAFETY: attached.
        unsafe { ffi::Py_IS_TYPE(self.as_ptr(), &raw mut ffi::PyCoro_Type) != 0 }
    }

    /// The value of a float; NaN for anything else.
    pub fn as_f64(&self) -> f64 {
        if !self.is_float() {
            return f64::NAN;
        }
        // SAFETY: attached; a float.
        unsafe { ffi::PyFloat_AS_DOUBLE(self.as_ptr()) }
    }

    /// The UTF-8 form of a str; None when it holds lone surrogates or is no str. Lives as long as
    /// the object.
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

    /// The code points of a str, lone surrogates among them; nothing for anything else.
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

    /// A readable form of a str, whatever is in it; for anything else, what it is.
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

    /// Items of a tuple or list, as they are now; nothing for anything else.
    pub fn items(&self) -> Vec<Obj<'a>> {
        if !self.is_tuple() && !self.is_list() {
            return Vec::new();
        }
        // SAFETY: attached; the index is in range; the references are made strong at once, and no
        // Python code runs in between.
        unsafe {
            let (length, item): (_, unsafe fn(_, _) -> _) = if self.is_tuple() {
                (ffi::PyTuple_GET_SIZE(self.as_ptr()), |o, i| ffi::PyTuple_GET_ITEM(o, i))
            } else {
                (ffi::PyList_GET_SIZE(self.as_ptr()), |o, i| ffi::PyList_GET_ITEM(o, i))
            };
            (0..length)
                .filter_map(|index| self.attached.borrow(item(self.as_ptr(), index)))
                .collect()
        }
    }

    /// Item number `index` of a tuple or list, as it is now; None behind the end, and for anything
    /// else.
    #[inline]
    pub fn item(&self, index: usize) -> Option<Obj<'a>> {
        let index = index as ffi::Py_ssize_t;
        // SAFETY: attached; the index is in range, and the reference is made strong at once.
        unsafe {
            if self.is_list() && index < ffi::PyList_GET_SIZE(self.as_ptr()) {
                self.attached.borrow(ffi::PyList_GET_ITEM(self.as_ptr(), index))
            } else if self.is_tuple() && index < ffi::PyTuple_GET_SIZE(self.as_ptr()) {
                self.attached.borrow(ffi::PyTuple_GET_ITEM(self.as_ptr(), index))
            } else {
                None
            }
        }
    }

    /// An attribute.
    pub fn attribute(&self, name: &CStr) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.attached.take(ffi::PyObject_GetAttrString(self.as_ptr(), name.as_ptr())) }
    }

    /// Sets an attribute.
    pub fn set_attribute(&self, name: &CStr, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached.
        let failed =
            unsafe { ffi::PyObject_SetAttrString(self.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }

    /// An item of a dict; None when it has no such key.
    pub fn dict_item(&self, key: &CStr) -> Option<Obj<'a>> {
        // SAFETY: attached; the reference is made strong at once. It raises nothing for text keys.
        unsafe { self.attached.borrow(ffi::PyDict_GetItemString(self.as_ptr(), key.as_ptr())) }
    }

    /// An item of a dict by a key that is a str; None when it has no such key.
    #[inline]
    pub fn dict_value(&self, key: &Obj) -> Option<Obj<'a>> {
        // SAFETY: attached; the reference is made strong at once. It raises nothing for str keys.
        unsafe { self.attached.borrow(ffi::PyDict_GetItemWithError(self.as_ptr(), key.as_ptr())) }
    }

    /// The same str out of Python's table of names, in which dicts find it faster.
    pub fn interned(self) -> Obj<'a> {
        let attached = self.attached;
        let mut pointer = self.into_raw();
        // SAFETY: attached; the reference is exchanged for one to an equal str.
        unsafe {
            ffi::PyUnicode_InternInPlace(&raw mut pointer);
            attached.take(pointer).expect("it was not NULL")
        }
    }

    /// Sets an item of a dict.
    pub fn set_dict_item(&self, key: &CStr, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached.
        let failed =
            unsafe { ffi::PyDict_SetItemString(self.as_ptr(), key.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }

    /// Sets an item of a dict whose key is an object.
    pub fn set_dict_pair(&self, key: &Obj, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached; a dict.
        let failed = unsafe { ffi::PyDict_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }

    /// Calls it.
    pub fn call(&self, arguments: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; an `Obj` is nothing but its pointer, and they are alive during the call.
        unsafe {
            self.attached.take(ffi::PyObject_Vectorcall(
                self.as_ptr(),
                arguments.as_ptr().cast(),
                arguments.len(),
                std::ptr::null_mut(),
            ))
        }
    }

    /// Calls a method.
    pub fn call_method(&self, name: &CStr, arguments: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        self.attribute(name)?.call(arguments)
    }
}

impl Clone for Obj<'_> {
    fn clone(&self) -> Self {
        // SAFETY: attached.
        unsafe { ffi::Py_INCREF(self.as_ptr()) };
        Obj { pointer: self.pointer, attached: self.attached }
    }
}

impl Drop for Obj<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: attached; the reference is ours.
        unsafe { ffi::Py_DECREF(self.as_ptr()) };
    }
}

impl Owned {
    /// The object.
    ///
    /// # Safety
    /// The interpreter that is attached is the object's own.
    pub unsafe fn get<'a>(&self, attached: Attached<'a>) -> Obj<'a> {
        // SAFETY: by contract.
        unsafe { attached.borrow(self.0.as_ptr()) }.expect("not NULL")
    }

    /// Gives the reference back.
    ///
    /// # Safety
    /// The interpreter that is attached is the object's own.
    pub unsafe fn release(self, attached: Attached<'_>) {
        // SAFETY: by contract; the reference is ours.
        drop(unsafe { attached.take(self.0.as_ptr()) });
    }
}
