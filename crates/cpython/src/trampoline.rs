//! Every function of ours that Python calls is entered through here, so that no panic goes on into Python.
//!
//! `entry!` makes a C function of one of ours. A panic becomes a line in the log and, where Python takes one,
//! an exception. What the panic unwinds gives everything back: references, interpreters that were entered,
//! and the one that was left. So Python goes on as after any exception.

use std::ffi::c_int;

use pyo3_ffi::{Py_ssize_t, PyObject, PyTypeObject};

use super::object::{Attached, Exception, Obj, Raised};
use super::stand_in::{Body, Convention, Given, Incoming};
use vh_core::panics::{self, Caught, Point, point};

/// Makes the C function for one of ours:
///
/// - `function`: `fn(Attached, Option<Obj>) -> Result<Obj, Raised>`, with the argument if it takes one;
/// - `vectorcall`: `unsafe fn(Attached, self, arguments, count, keywords) -> Result<Obj, Raised>`;
/// - `destructor` of a capsule: `unsafe fn(capsule)`;
/// - `slot` of a module: `fn(Attached, Option<Obj>) -> Result<(), Raised>`;
/// - `module`: `unsafe fn() -> module`, what an inittab has;
/// - `trace`: `fn(Attached, frame, what) -> Result<(), Raised>`.
macro_rules! entry {
    (function $body:path) => {{
        unsafe extern "C" fn entry(_: *mut pyo3_ffi::PyObject, argument: *mut pyo3_ffi::PyObject) -> *mut pyo3_ffi::PyObject {
            // SAFETY: Python calls with the interpreter attached; the argument is alive or NULL.
            unsafe {
                $crate::trampoline::object(
                    vh_core::panics::point!(concat!("the Python function ", stringify!($body))),
                    argument,
                    $body,
                )
            }
        }
        entry
    }};
    (vectorcall $body:path) => {{
        unsafe extern "C" fn entry(
            own: *mut pyo3_ffi::PyObject,
            arguments: *const *mut pyo3_ffi::PyObject,
            count: pyo3_ffi::Py_ssize_t,
            keywords: *mut pyo3_ffi::PyObject,
        ) -> *mut pyo3_ffi::PyObject {
            // SAFETY: Python calls with the interpreter attached; what it passes is what $body asks for.
            unsafe {
                $crate::trampoline::result(
                    vh_core::panics::point!(concat!("the Python function ", stringify!($body))),
                    |attached| $body(attached, own, arguments, count, keywords),
                )
            }
        }
        entry
    }};
    (destructor $body:path) => {{
        unsafe extern "C" fn entry(capsule: *mut pyo3_ffi::PyObject) {
            let point = vh_core::panics::point!(concat!("the destructor ", stringify!($body)));
            // SAFETY: Python calls it for the capsules that have it, with the interpreter attached.
            vh_core::panics::contain(point, || unsafe { $body(capsule) });
        }
        entry
    }};
    (slot $body:path) => {{
        unsafe extern "C" fn entry(module: *mut pyo3_ffi::PyObject) -> std::ffi::c_int {
            // SAFETY: Python calls with the interpreter attached; the module is alive.
            unsafe {
                $crate::trampoline::status(
                    vh_core::panics::point!(concat!("the module slot ", stringify!($body))),
                    module,
                    $body,
                )
            }
        }
        entry
    }};
    (module $body:path) => {{
        unsafe extern "C" fn entry() -> *mut pyo3_ffi::PyObject {
            // SAFETY: Python calls with the interpreter attached.
            unsafe {
                $crate::trampoline::pointer(
                    vh_core::panics::point!(concat!("the module function ", stringify!($body))),
                    || $body(),
                )
            }
        }
        entry
    }};
    (trace $body:path) => {{
        unsafe extern "C" fn entry(
            _: *mut pyo3_ffi::PyObject,
            frame: *mut pyo3_ffi::PyFrameObject,
            what: std::ffi::c_int,
            _: *mut pyo3_ffi::PyObject,
        ) -> std::ffi::c_int {
            // SAFETY: Python calls with the interpreter attached; the frame is alive.
            unsafe {
                $crate::trampoline::status(
                    vh_core::panics::point!(concat!("the trace function ", stringify!($body))),
                    frame.cast(),
                    |attached, frame| $body(attached, frame, what),
                )
            }
        }
        entry
    }};
}

pub(super) use entry;

/// # Safety
/// An interpreter is attached; `argument` is NULL or an object of it.
#[inline]
pub unsafe fn object(
    point: &'static Point,
    argument: *mut PyObject,
    body: impl for<'a> FnOnce(Attached<'a>, Option<Obj<'a>>) -> Result<Obj<'a>, Raised>,
) -> *mut PyObject {
    // SAFETY: the caller promises what `result` asks for, and for `argument` what `borrow` does.
    unsafe { result(point, |attached| body(attached, attached.borrow(argument))) }
}

/// # Safety
/// An interpreter is attached.
#[inline]
pub unsafe fn result(
    point: &'static Point,
    body: impl for<'a> FnOnce(Attached<'a>) -> Result<Obj<'a>, Raised>,
) -> *mut PyObject {
    // SAFETY: attached, as the caller promises, until this function has returned: the body gets the proof for a
    // lifetime of its own choice, so that it keeps nothing.
    let attached = unsafe { Attached::assume() };
    let result = panics::catch(point, || body(attached));
    result
        .unwrap_or_else(|caught| Err(raise(attached, &caught)))
        .map_or(std::ptr::null_mut(), Obj::into_raw)
}

/// # Safety
/// An interpreter is attached; `argument` is NULL or an object of it.
pub unsafe fn status(
    point: &'static Point,
    argument: *mut PyObject,
    body: impl for<'a> FnOnce(Attached<'a>, Option<Obj<'a>>) -> Result<(), Raised>,
) -> c_int {
    // SAFETY: attached, as the caller promises, until this function has returned; `argument` is NULL or an object
    // of that interpreter.
    let (attached, argument) = unsafe {
        let attached = Attached::assume();
        (attached, attached.borrow(argument))
    };
    let result = panics::catch(point, || body(attached, argument));
    match result.unwrap_or_else(|caught| Err(raise(attached, &caught))) {
        Ok(()) => 0,
        Err(Raised) => -1,
    }
}

/// # Safety
/// An interpreter is attached.
pub unsafe fn pointer(
    point: &'static Point,
    body: impl FnOnce() -> *mut PyObject,
) -> *mut PyObject {
    // SAFETY: attached, as the caller promises, until this function has returned.
    let attached = unsafe { Attached::assume() };
    panics::catch(point, body).unwrap_or_else(|caught| {
        let Raised = raise(attached, &caught);
        std::ptr::null_mut()
    })
}

/// The C function with which `B` takes the place of a function of CPython's that has this calling convention.
/// `ROW` is the number by which `B` knows that function.
pub fn stand_in<B: Body, const ROW: usize>(convention: Convention) -> *mut std::ffi::c_void {
    match convention {
        Convention::Nothing | Convention::One => plain::<B, ROW> as *mut _,
        Convention::Tuple => tuple::<B, ROW> as *mut _,
        Convention::TupleAndDict => tuple_and_dict::<B, ROW> as *mut _,
        Convention::Array => array::<B, ROW> as *mut _,
        Convention::ArrayAndNames => array_and_names::<B, ROW> as *mut _,
        Convention::WithClass => with_class::<B, ROW> as *mut _,
    }
}

unsafe extern "C" fn plain<B: Body, const ROW: usize>(
    own: *mut PyObject,
    argument: *mut PyObject,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::Plain(argument) })
}

unsafe extern "C" fn tuple<B: Body, const ROW: usize>(
    own: *mut PyObject,
    tuple: *mut PyObject,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::Tuple(tuple) })
}

unsafe extern "C" fn tuple_and_dict<B: Body, const ROW: usize>(
    own: *mut PyObject,
    tuple: *mut PyObject,
    dict: *mut PyObject,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::TupleAndDict(tuple, dict) })
}

unsafe extern "C" fn array<B: Body, const ROW: usize>(
    own: *mut PyObject,
    start: *const *mut PyObject,
    count: Py_ssize_t,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::Array(start, count) })
}

unsafe extern "C" fn array_and_names<B: Body, const ROW: usize>(
    own: *mut PyObject,
    start: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::ArrayAndNames(start, count, names) })
}

unsafe extern "C" fn with_class<B: Body, const ROW: usize>(
    own: *mut PyObject,
    class: *mut PyTypeObject,
    start: *const *mut PyObject,
    count: Py_ssize_t,
    names: *mut PyObject,
) -> *mut PyObject {
    stood_in::<B, ROW>(Incoming { own, given: Given::WithClass(class, start, count, names) })
}

#[inline]
fn stood_in<B: Body, const ROW: usize>(incoming: Incoming) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached, and with what `Incoming` promises.
    unsafe {
        result(point!("a waiting function of Python"), |attached| B::run(attached, ROW, &incoming))
    }
}

/// Logs a panic and sets an exception for it, replacing one that may have been on its way.
#[cold]
fn raise(attached: Attached<'_>, caught: &Caught) -> Raised {
    caught.tell("the script gets a RuntimeError");
    attached.clear(Raised);
    let message = format!("internal error in the library: {}", caught.what());
    attached.raise(Exception::Runtime, &message)
}
