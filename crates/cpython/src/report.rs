//! Exceptions that leave a script: takes them from the interpreter and logs each as one block.

use pyo3_ffi as ffi;

use super::interrupt::Call;
use super::object::{Attached, Exception as Kind, Obj, Raised};
use super::{imports, preflight, scope};
use vh_core::error::{Code, Error};
use vh_core::runtime::Runtime;
use vh_guard::raised::Raised as Told;
use vh_guard::script::ScriptInfo;

/// An exception that was taken from the interpreter's state.
struct Taken<'a> {
    exception: Obj<'a>,
}

/// Takes the exception that is set, if one is.
fn take<'a>(attached: Attached<'a>, raised: Raised) -> Option<Taken<'a>> {
    let Raised = raised;
    // SAFETY: attached; the function gives a strong reference or NULL.
    unsafe { attached.take(raised_exception()).ok().map(|exception| Taken { exception }) }
}

#[cfg(Py_3_12)]
unsafe fn raised_exception() -> *mut ffi::PyObject {
    // SAFETY: an interpreter is attached.
    unsafe { ffi::PyErr_GetRaisedException() }
}

#[cfg(not(Py_3_12))]
unsafe fn raised_exception() -> *mut ffi::PyObject {
    let (mut kind, mut value, mut traceback) =
        (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: an interpreter is attached; the references become ours and are given back, but for
    // the exception itself.
    unsafe {
        ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback);
        ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback);
        if !value.is_null() && !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
        }
        ffi::Py_XDECREF(kind);
        ffi::Py_XDECREF(traceback);
        value
    }
}

impl<'a> Taken<'a> {
    fn is_exit(&self) -> bool {
        // SAFETY: the exception type always exists.
        unsafe { self.is_a(ffi::PyExc_SystemExit) }
    }

    /// # Safety
    /// `kind` is an exception type.
    unsafe fn is_a(&self, kind: *mut ffi::PyObject) -> bool {
        // SAFETY: attached; by contract.
        unsafe { ffi::PyErr_GivenExceptionMatches(self.exception.as_ptr(), kind) != 0 }
    }

    /// What there is to say besides the traceback: that the script is for another Python.
    fn advice(&self) -> String {
        // SAFETY: these exception types always exist.
        let may_tell = unsafe {
            let kinds = [
                ffi::PyExc_SyntaxError,
                ffi::PyExc_NameError,
                ffi::PyExc_ImportError,
                ffi::PyExc_AttributeError,
                ffi::PyExc_TypeError,
            ];
            kinds.into_iter().any(|kind| self.is_a(kind))
        };
        if !may_tell {
            return String::new();
        }
        let attached = self.exception.attached();
        match scope::call(attached, c"advice_on", std::slice::from_ref(&self.exception)) {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                String::new()
            }
        }
    }

    /// Its text alone.
    fn text(&self) -> String {
        let attached = self.exception.attached();
        // SAFETY: attached; a new reference or NULL.
        match unsafe { attached.take(ffi::PyObject_Str(self.exception.as_ptr())) } {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                "(its text cannot be shown)".to_owned()
            }
        }
    }

    /// All that is told of it.
    fn told(&self) -> Told {
        let place = self.innermost_line();
        Told {
            kind: self.exception.type_name(),
            message: self.text(),
            traceback: self.traceback(),
            line: self.in_one_line(),
            place: place.map(|(file, line)| format!("{file}, line {line}")),
            exits: self.is_exit(),
        }
    }

    fn innermost_line(&self) -> Option<(String, i64)> {
        let attached = self.exception.attached();
        let attribute = |object: &Obj<'a>, name| {
            object.attribute(name).map_err(|raised| attached.clear(raised)).ok()
        };
        let inner = |place: &Obj<'a>, name| attribute(place, name).filter(|found| !found.is_none());
        let mut innermost = None;
        let mut place = inner(&self.exception, c"__traceback__");
        while let Some(here) = place {
            let code = attribute(&attribute(&here, c"tb_frame")?, c"f_code")?;
            let file = attribute(&code, c"co_filename")?.to_text();
            // Files of the library itself do not concern the script's author.
            if !file.starts_with("<vh ") {
                innermost = Some((file, attribute(&here, c"tb_lineno")?.as_i64()?));
            }
            place = inner(&here, c"tb_next");
        }
        innermost
    }

    /// Its type and text in one line.
    fn in_one_line(&self) -> String {
        const LONGEST: usize = 200;
        let attached = self.exception.attached();
        // SAFETY: attached; a new reference or NULL.
        let text = match unsafe { attached.take(ffi::PyObject_Str(self.exception.as_ptr())) } {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                String::new()
            }
        };
        let kind = self.exception.type_name();
        let line = text.split('\n').next().unwrap_or_default();
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{kind}: {}…", &line[..end]),
            None if line.is_empty() => kind,
            None => format!("{kind}: {line}"),
        }
    }

    /// If the exception is that of a package which does not support the script's runtime, notes that for the
    /// next script that imports the package.
    fn note_refusal(&self, runtime: Option<Runtime>) {
        let attached = self.exception.attached();
        // SAFETY: the exception type always exists.
        let is_import_error = unsafe { self.is_a(ffi::PyExc_ImportError) };
        let Some(runtime) = runtime.filter(|_| is_import_error) else { return };
        match scope::call(attached, c"refused_modules", std::slice::from_ref(&self.exception)) {
            Ok(modules) => preflight::was_refused(imports::texts(&modules), runtime, &self.text()),
            Err(raised) => attached.clear(raised),
        }
    }

    /// What Python would print for it.
    fn traceback(&self) -> String {
        let attached = self.exception.attached();
        match scope::call(attached, c"describe", std::slice::from_ref(&self.exception)) {
            Ok(text) => text.to_text(),
            Err(raised) => {
                attached.clear(raised);
                format!("{} (its traceback cannot be shown)", self.exception.type_name())
            }
        }
    }
}

/// Logs the exception that is set, as one block: in which script, in what, and Python's traceback.
pub fn log(attached: Attached<'_>, raised: Raised, script: &str, place: &str) {
    match take(attached, raised) {
        Some(taken) => taken.told().log(script, place, || taken.advice()),
        None => tracing::error!(script, "{place} failed without an exception"),
    }
}

/// Counts the exception that is set as a failed call, and logs it unless it repeats one that was logged.
pub fn failure(attached: Attached<'_>, raised: Raised, call: &Call, place: &str) -> Error {
    let script = call.script();
    let Some(taken) = take(attached, raised) else {
        let what = "failed without an exception";
        let error = Error::new(Code::Internal, format!("{place} {what}")).about(&script.label);
        let is_new = call.has_failed(what.to_owned(), what);
        return if is_new { error.tell() } else { error.told() };
    };
    taken.note_refusal(script.runtime());
    // From here on nothing interrupts what describes the exception.
    call.ends_late();
    taken.told().fails(call, place, || taken.advice())
}

/// Counts and logs an exception of something that runs for the hook `place` but outside its call, such as a
/// coroutine or a callback, as if the hook had raised it.
pub fn coroutine_failed(exception: Obj, script: &ScriptInfo, place: &str) {
    let taken = Taken { exception };
    taken.told().fails_outside(script, place, || taken.advice());
}

/// Raises an exception that says why a call of the hub was not answered.
pub fn raise(attached: Attached<'_>, error: &Error, name: &str) -> Raised {
    let kind = match error.code() {
        Code::Timeout => Kind::Timeout,
        // This ends the thread without a traceback; the script was told by UnLoad().
        Code::Closed => Kind::Exit,
        _ => Kind::Runtime,
    };
    attached.raise(kind, &format!("{name}(): {}", error.message()))
}
