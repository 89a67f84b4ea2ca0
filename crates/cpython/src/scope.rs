//! What belongs to a script besides its module: threads, callbacks, event loop. A `Scope` object keeps it,
//! which is defined by the Python files in `support`, and by those that all runtimes share. They are compiled into the library and have builtins of
//! their own, so that scripts cannot break them. This file loads them into each interpreter.
//!
//! Every script pays for the memory that its interpreter holds. So most files are run only when something
//! that they define is asked for, what prepares an interpreter is forgotten afterwards, scripts are compiled
//! without the classes of syntax trees, and names that are the same in many interpreters are kept outside of
//! them.

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3_ffi as ffi;
use pyo3_ffi::PyMethodDef;

use super::interpreter;
use super::object::{Attached, Exception, Obj, Owned, Raised};
use super::trampoline::entry;
use super::{force_stop, output, priming, report, thread_state};
use vh_core::parts;
use vh_guard::script::ScriptInfo;
use vh_guard::{current, directory};
use vh_host::host_queue;

mod names;

use names::{share_names, shared_names};

/// A file of `support`.
struct File {
    /// The file's name and text, both with a NUL at the end.
    name: &'static str,
    text: &'static str,
    /// Its code, once it has been compiled, as bytes, which belong to no interpreter.
    code: OnceLock<Vec<u8>>,
}

macro_rules! support {
    ($name:literal) => {
        File {
            name: concat!("<vh ", $name, ">\0"),
            text: concat!(include_str!(concat!("support/", $name, ".py")), "\0"),
            code: OnceLock::new(),
        }
    };
}

macro_rules! part {
    ($name:literal, $text:ident) => {
        File { name: concat!("<vh ", $name, ">\0"), text: parts::$text, code: OnceLock::new() }
    };
}

/// The files that every script needs, in the order in which they are run.
static FIRST: [File; 9] = [
    support!("common"),
    support!("output"),
    part!("uncaught", UNCAUGHT),
    support!("scope"),
    part!("offers", OFFERS),
    part!("standard", STANDARD),
    support!("importing"),
    part!("telling", TELLING),
    support!("refusals"),
];

/// The files that are run when something that they define is asked for.
static LATER: [File; 25] = [
    support!("preparing"),
    support!("ending"),
    support!("namespace"),
    part!("finalizing", FINALIZING),
    support!("settings"),
    support!("exits"),
    support!("priming"),
    support!("belonging"),
    support!("libraries"),
    support!("restoring"),
    support!("sweeping"),
    part!("jobs", JOBS),
    part!("coroutines", COROUTINES),
    part!("arguments", ARGUMENTS),
    support!("loops"),
    support!("owning"),
    part!("threads", THREADS),
    support!("logs"),
    support!("looking"),
    part!("python2", PYTHON2),
    support!("venv"),
    support!("steps"),
    support!("main"),
    support!("unhooking"),
    support!("changes"),
];

const NAMESPACE: &CStr = c"vh.support";

/// A script's scope.
#[derive(Debug)]
pub struct Scope {
    object: Owned,
    /// Whether the script ever had coroutines or jobs, which later calls must continue.
    busy: AtomicBool,
}

impl Scope {
    /// Makes the scope of a script. `shared` says whether other scripts live in the interpreter too.
    pub fn new<'a>(
        attached: Attached<'a>,
        script: &ScriptInfo,
        shared: bool,
        vh: &Obj<'a>,
        namespace: &Obj<'a>,
    ) -> Result<Scope, Raised> {
        let serial = attached.int(script.serial as i64)?;
        let arguments = [serial, attached.bool(shared), vh.clone(), namespace.clone()];
        let object = call(attached, c"Scope", &arguments)?;
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
        // SAFETY: the caller promises that the script's interpreter is attached.
        unsafe { self.object.get(attached) }.call_method(method, arguments)
    }

    /// Calls a method that has no result. Exceptions are logged.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn run(&self, attached: Attached<'_>, script: &ScriptInfo, method: &CStr) {
        // SAFETY: the caller promises that the script's interpreter is attached.
        if let Err(raised) = unsafe { self.call(attached, method, &[]) } {
            let place = format!("{} of the library", method.to_string_lossy());
            report::log(attached, raised, &script.label, &place);
        }
        // SAFETY: the caller promises that the script's interpreter is attached.
        unsafe { self.log_failures(attached, script) };
    }

    /// From now on every call of the script also continues its coroutines.
    pub fn set_busy(&self) {
        self.busy.store(true, Ordering::Release);
    }

    /// Whether calls of the script continue its coroutines.
    #[inline]
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Logs exceptions that nobody else would log.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn log_failures(&self, attached: Attached<'_>, script: &ScriptInfo) {
        // SAFETY: the caller promises that the script's interpreter is attached.
        let failures = match unsafe { self.call(attached, c"take_failures", &[]) } {
            Ok(failures) => failures,
            Err(raised) => {
                return report::log(
                    attached,
                    raised,
                    &script.label,
                    "take_failures of the library",
                );
            }
        };
        for failure in failures.items() {
            if let [place, exception] = &failure.items()[..] {
                report::coroutine_failed(exception.clone(), script, &place.to_text());
            }
        }
    }

    /// Gives the object back.
    ///
    /// # Safety
    /// The script's interpreter is attached.
    pub unsafe fn release(self, attached: Attached<'_>) {
        // SAFETY: the caller promises that the script's interpreter is attached.
        unsafe { self.object.release(attached) };
    }
}

/// The namespace of the files in the attached interpreter, which are run at the first call.
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
    // It has builtins of its own, whatever a script does to Python's.
    let builtins = attached.import(c"builtins")?.attribute(c"__dict__")?;
    namespace.set_dict_item(c"__builtins__", &builtins.call_method(c"copy", &[])?)?;
    for definition in &BUILTINS {
        definition.add_to(&namespace)?;
    }
    for file in &FIRST {
        file.run(&namespace)?;
    }
    store.set_dict_item(NAMESPACE, &namespace)?;
    Ok(namespace)
}

impl File {
    /// Runs the file in an interpreter's namespace of the files.
    fn run(&self, namespace: &Obj) -> Result<(), Raised> {
        let attached = namespace.attached();
        if self.code.get().is_none() {
            // Another thread may have been faster, with the same result.
            let _ = self.code.set(self.compile(attached)?);
        }
        let code = self.code.get().map(Vec::as_slice).unwrap_or_default();
        // SAFETY: attached; the bytes are alive, the namespace is a dict; the results are new
        // references.
        unsafe {
            let (start, length) = (code.as_ptr().cast(), code.len() as ffi::Py_ssize_t);
            let code = attached.take(ffi::PyMarshal_ReadObjectFromString(start, length))?;
            let namespace = namespace.as_ptr();
            attached.take(ffi::PyEval_EvalCode(code.as_ptr(), namespace, namespace)).map(drop)
        }
    }

    fn compile(&self, attached: Attached<'_>) -> Result<Vec<u8>, Raised> {
        // SAFETY: attached; both texts end with a NUL; the results are new references, and the bytes
        // are copied while their object is alive.
        unsafe {
            let (name, text) = (self.name.as_ptr().cast(), self.text.as_ptr().cast());
            let code = attached.take(ffi::Py_CompileString(text, name, ffi::Py_file_input))?;
            let bytes = attached
                .take(ffi::PyMarshal_WriteObjectToString(code.as_ptr(), ffi::Py_MARSHAL_VERSION))?;
            Ok(bytes.as_bytes().to_vec())
        }
    }

    /// Whether the file defines a function or method of this name.
    fn defines(&self, name: &str) -> bool {
        self.text.contains(&format!("def {name}("))
    }

    /// The name under which the namespace notes that the file was run.
    fn mark(&self) -> &'static CStr {
        CStr::from_bytes_with_nul(self.name.as_bytes()).unwrap_or_default()
    }
}

/// Runs the file that defines a name, unless it has been run. False when no file defines it.
fn run_file_with(namespace: &Obj, name: &str) -> Result<bool, Raised> {
    let Some(file) = LATER.iter().find(|file| file.defines(name)) else { return Ok(false) };
    if namespace.dict_item(file.mark()).is_none() {
        file.run(namespace)?;
        namespace.set_dict_item(file.mark(), &namespace.attached().bool(true))?;
    }
    Ok(true)
}

/// A function of ours for the files.
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

static BUILTINS: [Builtin; 16] = [
    Builtin::new(c"write_output", entry!(function output::write), ffi::METH_O),
    Builtin::new(c"log_for", entry!(function output::log_for), ffi::METH_O),
    Builtin::new(c"current_script", entry!(function current_script), ffi::METH_NOARGS),
    Builtin::new(c"in_host_call", entry!(function in_host_call), ffi::METH_NOARGS),
    Builtin::new(c"serve", entry!(function serve), ffi::METH_NOARGS),
    Builtin::new(c"notify", entry!(function notify), ffi::METH_O),
    Builtin::new(c"thread_frames", entry!(function thread_frames), ffi::METH_NOARGS),
    Builtin::new(c"current_frames", entry!(function current_frames), ffi::METH_NOARGS),
    Builtin::new(
        c"has_other_interpreters",
        entry!(function has_other_interpreters),
        ffi::METH_NOARGS,
    ),
    Builtin::new(c"step", entry!(function force_stop::step), ffi::METH_VARARGS),
    Builtin::new(c"compile_source", entry!(function compile_source), ffi::METH_O),
    Builtin::new(c"run_file_with", entry!(function run_file_for_python), ffi::METH_O),
    Builtin::new(c"share_names", entry!(function share_names), ffi::METH_O),
    Builtin::new(c"shared_names", entry!(function shared_names), ffi::METH_O),
    Builtin::new(c"prime", entry!(function prime), ffi::METH_O),
    Builtin::new(c"strptime_here", entry!(function strptime_here), ffi::METH_VARARGS),
];

/// The serial of the script for which the host's thread runs, or None.
fn current_script<'a>(attached: Attached<'a>, _: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    match current::script().filter(|_| interpreter::inside_host_call()) {
        Some(script) => attached.int(script.serial as i64),
        None => Ok(attached.none()),
    }
}

/// Whether this thread is inside a call from the host.
fn in_host_call<'a>(attached: Attached<'a>, _: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    Ok(attached.bool(interpreter::inside_host_call()))
}

/// Answers the `vh` calls of other threads. Only on the host's thread.
fn serve<'a>(attached: Attached<'a>, _: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    if interpreter::inside_host_call() && host_queue::is_pending() {
        interpreter::detached(attached, host_queue::serve);
    }
    Ok(attached.none())
}

/// Asks for a script's jobs to be run when the host next enters the library. The argument is the script's
/// serial.
fn notify<'a>(attached: Attached<'a>, serial: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let serial = serial.and_then(|serial| serial.as_i64()).unwrap_or(-1);
    match host_queue::post_jobs(serial as u64) {
        Ok(()) => Ok(attached.none()),
        Err(error) => Err(report::raise(attached, &error, "run_in_host")),
    }
}

/// The innermost frames of the threads that Python started in this interpreter.
fn thread_frames<'a>(attached: Attached<'a>, _: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    attached.list(interpreter::thread_frames(attached))
}

/// The innermost frame of each thread that runs Python code in this interpreter, by the thread's number.
fn current_frames<'a>(attached: Attached<'a>, _: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let frames = attached.dict()?;
    for (number, frame) in thread_state::frames(attached) {
        frames.set_dict_pair(&attached.int(number.cast_signed())?, &frame)?;
    }
    Ok(frames)
}

/// Whether there is an interpreter besides the main one.
fn has_other_interpreters<'a>(
    attached: Attached<'a>,
    _: Option<Obj<'a>>,
) -> Result<Obj<'a>, Raised> {
    Ok(attached.bool(interpreter::has_others()))
}

/// The compiled code of a module. The argument is `(source, path)`: bytes without a NUL, and a str.
fn compile_source<'a>(attached: Attached<'a>, pair: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let pair = pair.map(|pair| pair.items()).unwrap_or_default();
    let (source, path) = match &pair[..] {
        [source, path] if path.is_str() => (source, path),
        _ => return Err(attached.raise(Exception::Type, "compile_source() needs (source, path)")),
    };
    let (text, path, no_flags) = (source.as_bytes(), path.as_ptr(), std::ptr::null_mut());
    let text = if text.is_empty() { c"".as_ptr() } else { text.as_ptr().cast() };
    // SAFETY: attached; the bytes of a bytes object are followed by a NUL, and the path is a str; a new
    // reference or NULL.
    unsafe {
        attached.take(ffi::Py_CompileStringObject(text, path, ffi::Py_file_input, no_flags, -1))
    }
}

/// Runs the file that defines the name that is passed. Gives whether there is one.
fn run_file_for_python<'a>(
    attached: Attached<'a>,
    name: Option<Obj<'a>>,
) -> Result<Obj<'a>, Raised> {
    let name = name.map(|name| name.to_text()).unwrap_or_default();
    let found = run_file_with(&support(attached)?, &name)?;
    Ok(attached.bool(found))
}

/// To be called before a module is imported. The argument is the module's name.
fn prime<'a>(attached: Attached<'a>, name: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    priming::before_import(attached, name.as_ref().and_then(Obj::as_utf8).unwrap_or_default());
    Ok(attached.none())
}

/// `_strptime._strptime_datetime` of the attached interpreter.
fn strptime_here<'a>(
    attached: Attached<'a>,
    arguments: Option<Obj<'a>>,
) -> Result<Obj<'a>, Raised> {
    let arguments = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    attached.import(c"_strptime")?.call_method(c"_strptime_datetime", &arguments)
}

/// Calls a function of the files.
pub fn call<'a>(
    attached: Attached<'a>,
    name: &CStr,
    arguments: &[Obj<'a>],
) -> Result<Obj<'a>, Raised> {
    let namespace = support(attached)?;
    if namespace.dict_item(name).is_none() {
        run_file_with(&namespace, &name.to_string_lossy())?;
    }
    match namespace.dict_item(name) {
        Some(function) => function.call(arguments),
        None => {
            let message = format!("the library's Python part lacks {}", name.to_string_lossy());
            Err(attached.raise(Exception::Runtime, &message))
        }
    }
}

/// Prepares a script's own interpreter, once, before the script runs.
pub fn prepare_own(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"prepare_interpreter", &[]).map(drop)
}

/// Prepares the main interpreter, once, so that its scripts' threads and exit functions can be told apart.
pub fn prepare_main(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"tell_scripts_apart", &[]).map(drop)
}

/// Prepares the end of an interpreter whose threads have all ended.
pub fn prepare_end(attached: Attached<'_>) -> Result<(), Raised> {
    call(attached, c"prepare_end", &[]).map(drop)
}

/// The script that is running, also on threads that it started.
pub fn running_script(
    attached: Attached<'_>,
) -> Result<Option<std::sync::Arc<ScriptInfo>>, Raised> {
    if interpreter::inside_host_call() {
        return Ok(current::script());
    }
    let serial = call(attached, c"current_serial", &[])?;
    let serial = if serial.is_int() { serial.as_i64() } else { None };
    Ok(serial.and_then(|serial| directory::live_with_serial(serial as u64)))
}

/// An attribute of the `vh` module that several scripts share: the value of the running script.
pub fn shared_attribute<'a>(attached: Attached<'a>, name: &str) -> Result<Obj<'a>, Raised> {
    call(attached, c"shared_attribute", &[attached.str(name)?])
}
