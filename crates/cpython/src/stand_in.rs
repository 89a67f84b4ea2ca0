//! Puts functions of ours in the place of C functions of CPython, for all interpreters at once.
//!
//! What Python code sees does not change: types, methods, their texts and their errors are CPython's own.
//! Only the pointer changes that CPython follows when it calls such a function. It is kept in a table of
//! definitions (`PyMethodDef`), which all interpreters share, and which is found through a method of an
//! object. Our function takes the place of the original and can call it.

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

use pyo3_ffi as ffi;
use pyo3_ffi::{Py_ssize_t, PyCFunctionObject, PyMethodDef, PyObject, PyTypeObject};

use super::object::{Attached, Obj, Raised};

/// How CPython calls a C function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Convention {
    Nothing,
    One,
    Tuple,
    TupleAndDict,
    Array,
    ArrayAndNames,
    WithClass,
}

const CONVENTIONS: [(c_int, Convention); 7] = [
    (ffi::METH_NOARGS, Convention::Nothing),
    (ffi::METH_O, Convention::One),
    (ffi::METH_VARARGS, Convention::Tuple),
    (ffi::METH_VARARGS | ffi::METH_KEYWORDS, Convention::TupleAndDict),
    (ffi::METH_FASTCALL, Convention::Array),
    (ffi::METH_FASTCALL | ffi::METH_KEYWORDS, Convention::ArrayAndNames),
    (METH_METHOD | ffi::METH_FASTCALL | ffi::METH_KEYWORDS, Convention::WithClass),
];

/// From CPython's headers: the function gets the class that defines it.
const METH_METHOD: c_int = 0x200;

/// The number of a convention in `CONVENTIONS`; None for an unknown one.
fn number_of(flags: c_int) -> Option<usize> {
    /// The flags that say nothing about arguments.
    const OTHER: c_int = ffi::METH_CLASS | ffi::METH_STATIC | ffi::METH_COEXIST;
    CONVENTIONS.iter().position(|(known, _)| *known == flags & !OTHER)
}

/// A call as CPython made it. The pointers are alive during the call and belong to the attached
/// interpreter.
#[derive(Debug)]
pub struct Incoming {
    /// The object whose method it is, or the module.
    pub own: *mut PyObject,
    /// The arguments, as the convention passes them.
    pub given: Given,
}

/// The arguments, with a variant for each convention. Where a dict or names come last, that pointer may be
/// NULL.
#[derive(Debug)]
pub enum Given {
    /// The argument, or NULL.
    Plain(*mut PyObject),
    Tuple(*mut PyObject),
    TupleAndDict(*mut PyObject, *mut PyObject),
    Array(*const *mut PyObject, Py_ssize_t),
    ArrayAndNames(*const *mut PyObject, Py_ssize_t, *mut PyObject),
    WithClass(*mut PyTypeObject, *const *mut PyObject, Py_ssize_t, *mut PyObject),
}

/// What a function of ours does in the place of another.
pub trait Body {
    /// Answers a call of the function that has this number.
    fn run<'a>(attached: Attached<'a>, row: usize, incoming: &Incoming) -> Result<Obj<'a>, Raised>;
}

impl Incoming {
    /// Whether there are no arguments at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // SAFETY: a tuple; a dict or NULL.
        let no_items = |tuple| unsafe { ffi::PyTuple_GET_SIZE(tuple) == 0 };
        // SAFETY: as above.
        let no_keys =
            |dict: *mut PyObject| dict.is_null() || unsafe { ffi::PyDict_Size(dict) == 0 };
        match self.given {
            Given::Plain(argument) => argument.is_null(),
            Given::Tuple(tuple) => no_items(tuple),
            Given::TupleAndDict(tuple, dict) => no_items(tuple) && no_keys(dict),
            Given::Array(_, count) => count == 0,
            Given::ArrayAndNames(_, count, names) | Given::WithClass(_, _, count, names) => {
                count == 0 && names.is_null()
            }
        }
    }

    /// The arguments of these names. None when others are passed, which the original will refuse.
    pub fn read<'a, const N: usize>(
        &self,
        attached: Attached<'a>,
        names: [&CStr; N],
    ) -> Option<[Option<Obj<'a>>; N]> {
        let mut found = [const { None }; N];
        let positional = self.positional(attached);
        if positional.len() > N {
            return None;
        }
        for (place, argument) in found.iter_mut().zip(positional) {
            *place = Some(argument);
        }
        for (given, value) in self.named(attached) {
            // SAFETY: attached; keywords are str, and the name is a C string.
            let is_it = |name: &&CStr| unsafe {
                ffi::PyUnicode_CompareWithASCIIString(given.as_ptr(), name.as_ptr()) == 0
            };
            let place = &mut found[names.iter().position(is_it)?];
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(found)
    }

    fn positional<'a>(&self, attached: Attached<'a>) -> Vec<Obj<'a>> {
        // SAFETY: alive, as `Incoming` promises; the array has so many.
        unsafe {
            match self.given {
                Given::Plain(argument) => attached.borrow(argument).into_iter().collect(),
                Given::Tuple(tuple) | Given::TupleAndDict(tuple, _) => {
                    attached.borrow(tuple).map_or_else(Vec::new, |tuple| tuple.items())
                }
                Given::Array(start, count)
                | Given::ArrayAndNames(start, count, _)
                | Given::WithClass(_, start, count, _) => {
                    (0..count as usize).filter_map(|n| attached.borrow(*start.add(n))).collect()
                }
            }
        }
    }

    /// The arguments that were passed by name, with their names.
    fn named<'a>(&self, attached: Attached<'a>) -> Vec<(Obj<'a>, Obj<'a>)> {
        let mut found = Vec::new();
        match self.given {
            Given::TupleAndDict(_, dict) if !dict.is_null() => {
                let (mut key, mut value, mut at) = (ptr::null_mut(), ptr::null_mut(), 0);
                // SAFETY: a dict that does not change meanwhile; keys and values are borrowed from it.
                unsafe {
                    while ffi::PyDict_Next(dict, &raw mut at, &raw mut key, &raw mut value) != 0 {
                        found.extend(attached.borrow(key).zip(attached.borrow(value)));
                    }
                }
            }
            Given::ArrayAndNames(start, count, names)
            | Given::WithClass(_, start, count, names) => {
                // SAFETY: a tuple of names or NULL; their values follow those without a name.
                unsafe {
                    let names = attached.borrow(names).map(|names| names.items());
                    for (index, name) in names.unwrap_or_default().into_iter().enumerate() {
                        let value = *start.add(count as usize + index);
                        found.extend(Some(name).zip(attached.borrow(value)));
                    }
                }
            }
            Given::Plain(_) | Given::Tuple(_) | Given::TupleAndDict(..) | Given::Array(..) => {}
        }
        found
    }
}

/// A C function of CPython in whose place ours is.
#[derive(Debug)]
pub struct Original {
    function: AtomicPtr<c_void>,
    convention: AtomicU8,
}

type Plain = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
type WithDict = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
type Array = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, Py_ssize_t) -> *mut PyObject;
type WithNames = unsafe extern "C" fn(
    *mut PyObject,
    *const *mut PyObject,
    Py_ssize_t,
    *mut PyObject,
) -> *mut PyObject;
type WithClass = unsafe extern "C" fn(
    *mut PyObject,
    *mut PyTypeObject,
    *const *mut PyObject,
    Py_ssize_t,
    *mut PyObject,
) -> *mut PyObject;

impl Original {
    /// One that is not known yet.
    pub const fn unknown() -> Original {
        Original { function: AtomicPtr::new(ptr::null_mut()), convention: AtomicU8::new(0) }
    }

    /// Whether our function has taken its place.
    pub fn is_known(&self) -> bool {
        !self.function.load(Ordering::Relaxed).is_null()
    }

    /// Puts the function that `entry` gives in the place of a method of an object, or of a function of a
    /// module. False when that is not possible.
    pub fn replace(&self, function: &Obj, entry: impl FnOnce(Convention) -> *mut c_void) -> bool {
        // SAFETY: attached; the structure is that of the type which is looked at before.
        let definition = unsafe {
            if ffi::PyCFunction_Check(function.as_ptr()) == 0 {
                return false;
            }
            (*function.as_ptr().cast::<PyCFunctionObject>()).m_ml
        };
        // SAFETY: a definition of CPython's, which stays as long as the process.
        let flags = unsafe { (*definition).ml_flags };
        let Some(number) = number_of(flags) else { return false };
        if self.is_known() {
            return true;
        }
        let place = Self::place_in(definition);
        if !is_writable(place) {
            return false;
        }
        // SAFETY: nobody calls it meanwhile: that takes Python's lock, and there is no interpreter with
        // one of its own yet. Whatever the type in the union, it is one pointer.
        unsafe {
            self.convention.store(number as u8, Ordering::Relaxed);
            self.function.store(place.read(), Ordering::Release);
            place.write(entry(CONVENTIONS[number].1));
        }
        true
    }

    fn place_in(definition: *mut PyMethodDef) -> *mut *mut c_void {
        // SAFETY: a definition of CPython's.
        unsafe { (&raw mut (*definition).ml_meth).cast() }
    }

    /// Calls the original with the arguments of this call.
    #[inline]
    pub fn pass_on<'a>(
        &self,
        attached: Attached<'a>,
        incoming: &Incoming,
    ) -> Result<Obj<'a>, Raised> {
        // SAFETY: `Incoming` promises it.
        unsafe { self.make(attached, incoming.own, &incoming.given) }
    }

    /// Calls the original with other arguments, for the same object.
    pub fn call<'a>(
        &self,
        attached: Attached<'a>,
        incoming: &Incoming,
        arguments: &[Obj<'a>],
    ) -> Result<Obj<'a>, Raised> {
        // An `Obj` is nothing but its pointer.
        let (start, count) = (arguments.as_ptr().cast(), arguments.len() as Py_ssize_t);
        let first = arguments.first().map_or(ptr::null_mut(), Obj::as_ptr);
        let class = match incoming.given {
            Given::WithClass(class, ..) => class,
            _ => ptr::null_mut(),
        };
        let (_, convention) = CONVENTIONS[usize::from(self.convention.load(Ordering::Relaxed))];
        let tuple = match convention {
            Convention::Tuple | Convention::TupleAndDict => {
                Some(attached.tuple(arguments.to_vec())?)
            }
            _ => None,
        };
        let tuple = tuple.as_ref().map_or(ptr::null_mut(), Obj::as_ptr);
        let given = match convention {
            Convention::Nothing => Given::Plain(ptr::null_mut()),
            Convention::One => Given::Plain(first),
            Convention::Tuple => Given::Tuple(tuple),
            Convention::TupleAndDict => Given::TupleAndDict(tuple, ptr::null_mut()),
            Convention::Array => Given::Array(start, count),
            Convention::ArrayAndNames => Given::ArrayAndNames(start, count, ptr::null_mut()),
            Convention::WithClass => Given::WithClass(class, start, count, ptr::null_mut()),
        };
        // SAFETY: the arguments are alive; the variant is that of the function.
        unsafe { self.make(attached, incoming.own, &given) }
    }

    /// # Safety
    /// The pointers are alive; the variant of `given` is that of the function's convention.
    #[inline]
    unsafe fn make<'a>(
        &self,
        attached: Attached<'a>,
        own: *mut PyObject,
        given: &Given,
    ) -> Result<Obj<'a>, Raised> {
        let function = self.function.load(Ordering::Relaxed);
        // SAFETY: the function has the type of the variant, whose pointers are alive, as the caller promises; it
        // gives a new reference, or NULL with an exception.
        unsafe {
            attached.take(match *given {
                Given::Plain(argument) => transmute::<*mut c_void, Plain>(function)(own, argument),
                Given::Tuple(tuple) => transmute::<*mut c_void, Plain>(function)(own, tuple),
                Given::TupleAndDict(tuple, dict) => {
                    transmute::<*mut c_void, WithDict>(function)(own, tuple, dict)
                }
                Given::Array(start, count) => {
                    transmute::<*mut c_void, Array>(function)(own, start, count)
                }
                Given::ArrayAndNames(start, count, names) => {
                    transmute::<*mut c_void, WithNames>(function)(own, start, count, names)
                }
                Given::WithClass(class, start, count, names) => {
                    transmute::<*mut c_void, WithClass>(function)(own, class, start, count, names)
                }
            })
        }
    }
}

/// Whether a pointer may be written at this place. The kernel is asked to write what is there already.
fn is_writable(place: *mut *mut c_void) -> bool {
    let mut ends = [0; 2];
    // SAFETY: the pipe's ends are closed again; the kernel writes to `place` what stands there, or refuses.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return false;
        }
        let size = size_of::<*mut c_void>();
        let done = libc::write(ends[1], place.cast(), size) == size as isize
            && libc::read(ends[0], place.cast(), size) == size as isize;
        ends.iter().for_each(|&end| _ = libc::close(end));
        done
    }
}
