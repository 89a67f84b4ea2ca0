//! What belongs to a script beside its module: threads, callbacks, event loop. Kept by a `Scope`
//! object of the Python files in `support`, which this file loads into each interpreter.

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3_ffi as ffi;
use pyo3_ffi::{PyMethodDef, PyObject};

use super::interpreter;
use super::object::{Attached, Exception, Obj, Owned, Raised};
use super::{insist, output, report};
use crate::carry;
use crate::scripts::{self, Context};

/// The file's name and text, both ended by a NUL.
macro_rules! source {
    ($name:literal) => {
        (
            concat!("<vh ", $name, ">\0"),
            concat!(include_str!(concat!("support/", $name, ".py")), "\0"),
        )
    };
}

/// The files of `support`, in the order in which they are run.
const SOURCES: [(&str, &str); 12] = [
    source!("common"),
    source!("output"),
    source!("venv"),
    source!("threads"),
    source!("coroutines"),
    source!("jobs"),
    source!("scope"),
    source!("importing"),
    source!("reporting"),
    source!("steps"),
    source!("interpreter"),
    source!("baseline"),
];

const NAMESPACE: &CStr = c"vh.support";

/// A script's scope.
#[derive(Debug)]
pub struct Scope {
    object: Owned,
    /// Whether the script ever had coroutines or jobs, which later calls must go on with.
    busy: AtomicBool,
}

impl Scope {
    /// Makes the scope of a script; `shared` says that other scripts live in the interpreter too.
    pub fn new<'a>(
        attached: Attached<'a>,
        context: &Context,
        shared: bool,
        vh: &Obj<'a>,
    ) -> Result<Scope, Raised> {
        let serial = attached.int(context.serial as i64)?;
        let object = call(attached, c"Scope", &[serial, attached.bool(shared), vh.clone()])?;
        Ok(Scope { object: object.keep(), busy: AtomicBool::new(false) })
    }

    /// Calls a method of the scope.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn call<'a>(
        &self,
        attached: Attached<'a>,
        method: &CStr,
        arguments: &[Obj<'a>],
    ) -> Result<Obj<'a>, Raised> {
        // SAFETY: by contract.
        unsafe { self.object.get(attached) }.call_method(method, arguments)
    }

    /// The same for a method without a result: what it raises is logged.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn run(&self, attached: Attached<'_>, context: &Context, method: &CStr) {
        // SAFETY: by contract.
        if let Err(raised) = unsafe { self.call(attached, method, &[]) } {
            let place = format!("{} of the library", method.to_string_lossy());
            report::log(attached, raised, &context.label, &place);
        }
        // SAFETY: by contract.
        unsafe { self.log_failures(attached, context) };
    }

    /// From now on every call of the script also goes on with its coroutines.
    pub fn set_busy(&self) {
        self.busy.store(true, Ordering::Release);
    }

    /// Whether they do.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Logs exceptions that nobody else hears of, and notes which coroutines work again.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn log_failures(&self, attached: Attached<'_>, context: &Context) {
        // SAFETY: by contract.
        let failures = match unsafe { self.call(attached, c"take_failures", &[]) } {
            Ok(failures) => failures,
            Err(raised) => {
                return report::log(
                    attached,
                    raised,
                    &context.label,
                    "take_failures of the library",
                );
            }
        };
        for failure in failures.items() {
            if let [place, exception] = &failure.items()[..] {
                report::coroutine_ended(exception.clone(), context, &place.to_text());
            }
        }
    }

    /// Gives the object back.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn release(self, attached: Attached<'_>) {
        // SAFETY: by contract.
        unsafe { self.object.release(attached) };
    }
}

/// The namespace of the files in the attached interpreter; run at the first call.
pub fn support(attached: Attached<'_>) -> Result<Obj<'_>, Raised> {
    // SAFETY: attached; the dict is borrowed from the interpreter.
    let store =
        unsafe { attached.borrow(ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get())) };
    let store = store.ok_or(Raised)?;
    if let Some(namespace) = store.dict_item(NAMESPACE) {
        return Ok(namespace);
    }
    let namespace = attached.namespace()?;
    namespace.set_dict_item(c"__name__", &attached.str("vh.support")?)?;
    // Builtins of its own, whatever a script does to Python's.
    let builtins = attached.import(c"builtins")?.attribute(c"__dict__")?;
    namespace.set_dict_item(c"__builtins__", &builtins.call_method(c"copy", &[])?)?;
    for definition in &BUILTINS {
        definition.add_to(&namespace)?;
    }
    for code in compiled(attached)? {
        // SAFETY: attached; a code object and a dict.
        unsafe {
            attached.take(ffi::PyEval_EvalCode(
                code.as_ptr(),
                namespace.as_ptr(),
                namespace.as_ptr(),
            ))?;
        }
    }
    store.set_dict_item(NAMESPACE, &namespace)?;
    Ok(namespace)
}

/// The code of the files: compiled once, kept as bytes, which belong to no interpreter.
fn compiled(attached: Attached<'_>) -> Result<Vec<Obj<'_>>, Raised> {
    static CODE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    if CODE.get().is_none() {
        let code: Result<_, _> = SOURCES.iter().map(|source| compile(attached, source)).collect();
        // Another thread may have been faster, with the same result.
        let _ = CODE.set(code?);
    }
    let read = |code: &Vec<u8>| {
        let length = code.len() as ffi::Py_ssize_t;
        // SAFETY: attached; the bytes are alive; the result is a new reference.
        unsafe { attached.take(ffi::PyMarshal_ReadObjectFromString(code.as_ptr().cast(), length)) }
    };
    CODE.get().into_iter().flatten().map(read).collect()
}

fn compile(attached: Attached<'_>, (name, text): &(&str, &str)) -> Result<Vec<u8>, Raised> {
    // SAFETY: attached; both texts end with a NUL; the results are new references, and the bytes
    // are copied while their object is alive.
    unsafe {
        let (name, text) = (name.as_ptr().cast(), text.as_ptr().cast());
        let code = attached.take(ffi::Py_CompileString(text, name, ffi::Py_file_input))?;
        let bytes = attached
            .take(ffi::PyMarshal_WriteObjectToString(code.as_ptr(), ffi::Py_MARSHAL_VERSION))?;
        let length = ffi::PyBytes_Size(bytes.as_ptr()) as usize;
        let start = ffi::PyBytes_AS_STRING(bytes.as_ptr()).cast::<u8>();
        Ok(std::slice::from_raw_parts(start, length).to_vec())
    }
}

/// A builtin function for the files.
struct Builtin(UnsafeCell<PyMethodDef>);

// SAFETY: CPython only reads the definitions.
unsafe impl Sync for Builtin {}

impl Builtin {
    const fn new(name: &'static CStr, function: ffi::PyCFunction, flags: i32) -> Builtin {
        Builtin(UnsafeCell::new(PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
            ml_flags: flags,
            ml_doc: std::ptr::null(),
        }))
    }

    fn add_to(&'static self, namespace: &Obj) -> Result<(), Raised> {
        // SAFETY: attached; the definition is static and never written.
        unsafe {
            let function =
                ffi::PyCFunction_NewEx(self.0.get(), std::ptr::null_mut(), std::ptr::null_mut());
            let function = namespace.attached().take(function)?;
            namespace.set_dict_item(CStr::from_ptr((*self.0.get()).ml_name), &function)
        }
    }
}

static BUILTINS: [Builtin; 8] = [
    Builtin::new(c"write_output", output::write, ffi::METH_O),
    Builtin::new(c"current_script", current_script, ffi::METH_NOARGS),
    Builtin::new(c"in_host_call", in_host_call, ffi::METH_NOARGS),
    Builtin::new(c"serve", serve, ffi::METH_NOARGS),
    Builtin::new(c"notify", notify, ffi::METH_O),
    Builtin::new(c"thread_frames", thread_frames, ffi::METH_NOARGS),
    Builtin::new(c"step", insist::step, ffi::METH_VARARGS),
    Builtin::new(c"compile_source", compile_source, ffi::METH_O),
];

/// Serial of the script the host's thread runs for, or None.
unsafe extern "C" fn current_script(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached.
    let attached = unsafe { Attached::assume() };
    let serial = scripts::current().filter(|_| interpreter::inside_host_call());
    let serial = match serial {
        Some(context) => attached.int(context.serial as i64),
        None => Ok(attached.none()),
    };
    serial.map_or(std::ptr::null_mut(), Obj::into_raw)
}

/// Whether this thread is inside a call from the host.
unsafe extern "C" fn in_host_call(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached.
    let attached = unsafe { Attached::assume() };
    attached.bool(interpreter::inside_host_call()).into_raw()
}

/// Answers the calls that other threads wait for; only on the host's thread.
unsafe extern "C" fn serve(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached.
    let attached = unsafe { Attached::assume() };
    if interpreter::inside_host_call() && carry::is_pending() {
        interpreter::detached(attached, carry::serve);
    }
    attached.none().into_raw()
}

/// Asks for a script's jobs to be run at the host's next entry. The argument is its serial.
unsafe extern "C" fn notify(_: *mut PyObject, serial: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached, and jobs.py passes an int.
    let (attached, serial) = unsafe {
        let attached = Attached::assume();
        (attached, attached.borrow(serial))
    };
    let serial = serial.and_then(|serial| serial.as_i64()).unwrap_or(-1);
    match carry::post_jobs(serial as u64) {
        Ok(()) => attached.none().into_raw(),
        Err(refusal) => {
            let Raised = refusal.raise(attached, "run_in_host");
            std::ptr::null_mut()
        }
    }
}

/// Innermost frames of the threads that Python started in this interpreter.
unsafe extern "C" fn thread_frames(_: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached.
    let attached = unsafe { Attached::assume() };
    let frames = attached.list(interpreter::thread_frames(attached));
    frames.map_or(std::ptr::null_mut(), Obj::into_raw)
}

/// The code of a module. The argument is `(source, path)`: bytes without a NUL, and a str.
unsafe extern "C" fn compile_source(_: *mut PyObject, pair: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached, and importing.py passes such a pair, which
    // lives as long as the call; the bytes of a bytes object are followed by a NUL.
    unsafe {
        let (source, path) = (ffi::PyTuple_GET_ITEM(pair, 0), ffi::PyTuple_GET_ITEM(pair, 1));
        let (source, flags) = (ffi::PyBytes_AS_STRING(source), std::ptr::null_mut());
        ffi::Py_CompileStringObject(source, path, ffi::Py_file_input, flags, -1)
    }
}

/// Calls a function of the files.
pub fn call<'a>(
    attached: Attached<'a>,
    name: &CStr,
    arguments: &[Obj<'a>],
) -> Result<Obj<'a>, Raised> {
    match support(attached)?.dict_item(name) {
        Some(function) => function.call(arguments),
        None => {
            let message = format!("the library's Python part lacks {}", name.to_string_lossy());
            Err(attached.raise(Exception::Runtime, &message))
        }
    }
}

/// Runs once in a script's own interpreter, before the script.
pub fn prepare_own(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"prepare_own_interpreter", &[]).map(drop)
}

/// Runs once in the main interpreter: its scripts' threads and exit functions are told apart.
pub fn prepare_main(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"tell_scripts_apart", &[]).map(drop)
}

/// Before an interpreter ends: all its threads have.
pub fn prepare_end(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"prepare_end", &[]).map(drop)
}

/// The script that is running, also on threads it started.
pub fn running_script(attached: Attached<'_>) -> Result<Option<std::sync::Arc<Context>>, Raised> {
    if interpreter::inside_host_call() {
        return Ok(scripts::current());
    }
    let serial = call(attached, c"current_serial", &[])?;
    let serial = if serial.is_int() { serial.as_i64() } else { None };
    Ok(serial.and_then(|serial| scripts::with_serial(serial as u64)))
}

/// An attribute of `vh` for a module that several scripts share: the running script's own.
pub fn shared_attribute<'a>(attached: Attached<'a>, name: &str) -> Result<Obj<'a>, Raised> {
    call(attached, c"shared_attribute", &[attached.str(name)?])
}
