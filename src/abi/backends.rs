//! The C interface to back ends: Python programs in processes of their own. Nothing is decided here.

use std::ffi::{c_char, c_int, c_void};

use super::boundary::call;
use crate::backends;
use vh_core::error::{Code, Error};
use vh_core::panics::point;
use vh_host::native::{self, EventHandler};
use vh_host::types::{w_Tevent, w_Trelease};

/// Runs Python code once, in a Python process of its own, as the body of a function: it may `return`
/// a value, import, and have several lines. `*json` becomes what it returned, as JSON text, which
/// the caller frees with `free`. `options` is NULL or a JSON object with any of `timeout`
/// (milliseconds, 30000 unless said), `python_path` ("python3"), `params` (variables of the code),
/// `env` (added to the environment) and `cwd`. Returns 1, or 0 with the reason in w_LastError.
///
/// The functions for back ends need no w_Begin and may be called on any thread. All texts are UTF-8.
///
/// # Safety
/// `code` and `options` are NULL or C strings; `json` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Execute(
    code: *const c_char,
    options: *const c_char,
    json: *mut *mut c_char,
) -> c_int {
    call(point!("w_Execute"), 0, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        let (code, options) = unsafe { (native::bytes(code), native::bytes(options)) };
        let answer = backends::execute(code, options).map_err(Error::told)?;
        // SAFETY: the caller's promise is the one `give` asks for.
        unsafe { give(json, &answer) }
    })
}

/// Starts the back end of a Python script, which runs as a process of its own and keeps its state
/// until it is terminated; or finds the one of the same file that lives. It is ready when this
/// returns. `options` are those of w_Execute, without `params`; `timeout` is that of its calls.
/// Returns its number, or -1 with the reason in w_LastError.
///
/// # Safety
/// `script` and `options` are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Spawn(script: *const c_char, options: *const c_char) -> c_int {
    call(point!("w_Spawn"), -1, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        let (script, options) = unsafe { (native::bytes(script), native::bytes(options)) };
        backends::spawn(script, options).map_err(Error::told)
    })
}

/// Returns the number of the living back end of a script, or -1.
///
/// # Safety
/// `script` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_BackendFind(script: *const c_char) -> c_int {
    call(point!("w_BackendFind"), -1, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        backends::find(unsafe { native::bytes(script) }).map_err(Error::told)
    })
}

/// Calls a method of a back end and waits for its answer, at most `timeout` milliseconds, or the
/// back end's own time for 0. `params` is NULL or a JSON object: a name and a value for each
/// parameter. `*json` becomes what the method returned, as JSON text, which the caller frees with
/// `free`. Returns 1, or 0 with the reason in w_LastError: python with type and traceback of the
/// exception, timeout, or closed when the process has ended, and how. Any number of threads may
/// call.
///
/// # Safety
/// `method` and `params` are NULL or C strings; `json` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_BackendCall(
    backend: c_int,
    method: *const c_char,
    params: *const c_char,
    timeout: c_int,
    json: *mut *mut c_char,
) -> c_int {
    call(point!("w_BackendCall"), 0, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        let (method, params) = unsafe { (native::bytes(method), native::bytes(params)) };
        let answer = backends::call(backend, method, params, timeout).map_err(Error::told)?;
        // SAFETY: the caller's promise is the one `give` asks for.
        unsafe { give(json, &answer) }
    })
}

/// Begins a call as w_BackendCall does, and does not wait for its answer. Returns the number of the
/// call, for w_BackendWait, which must follow; or -1 with the reason in w_LastError.
///
/// # Safety
/// `method` and `params` are NULL or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_BackendBegin(
    backend: c_int,
    method: *const c_char,
    params: *const c_char,
    timeout: c_int,
) -> c_int {
    call(point!("w_BackendBegin"), -1, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        let (method, params) = unsafe { (native::bytes(method), native::bytes(params)) };
        backends::begin(backend, method, params, timeout).map_err(Error::told)
    })
}

/// Waits for the answer of a call that was begun, as w_BackendCall does. Afterwards its number names
/// nothing.
///
/// # Safety
/// `json` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_BackendWait(call_number: c_int, json: *mut *mut c_char) -> c_int {
    call(point!("w_BackendWait"), 0, || {
        let answer = backends::wait(call_number).map_err(Error::told)?;
        // SAFETY: the caller's promise is the one `give` asks for.
        unsafe { give(json, &answer) }
    })
}

/// Cancels a call that was begun, on any thread: w_BackendWait answers cancelled, and the method is
/// interrupted. Returns 1; 0 when the answer is there already, or when no call has this number.
#[unsafe(no_mangle)]
pub extern "C" fn w_BackendCancel(call_number: c_int) -> c_int {
    call(point!("w_BackendCancel"), 0, || backends::cancel(call_number).map_err(Error::told))
}

/// Calls `handler` with `user` for each event of this name that the back end sends: one after the
/// other, in their order, on a thread of the library that holds no lock. `json` is the event's value.
/// The texts are valid until the handler returns. When 64 MiB wait for slow handlers, the oldest are
/// dropped, and the log tells how many. When the library gives the handler up, because of w_BackendOff
/// or because the back end has ended, it calls `release` with `user` once, unless `release` is NULL,
/// after the last call of the handler has returned. Returns the handler's number, or -1.
///
/// # Safety
/// `event` is NULL or a C string; `handler` and `user` stay usable until `release`, on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_BackendOn(
    backend: c_int,
    event: *const c_char,
    handler: w_Tevent,
    user: *mut c_void,
    release: w_Trelease,
) -> c_int {
    call(point!("w_BackendOn"), -1, || {
        // SAFETY: the caller's promise is the one both ask for.
        let (event, handler) =
            unsafe { (native::bytes(event), EventHandler::new(handler, user, release)) };
        backends::on(backend, event, handler).map_err(Error::told)
    })
}

/// Takes a handler of a back end back. Returns 1, or 0 when there is none of this number.
#[unsafe(no_mangle)]
pub extern "C" fn w_BackendOff(backend: c_int, handler: c_int) -> c_int {
    call(point!("w_BackendOff"), 0, || backends::off(backend, handler).map_err(Error::told))
}

/// Ends a back end: asks it to, and kills it with all of its process group when it has not ended two
/// seconds later. Its calls are answered with closed. Returns 1 when it has ended, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn w_BackendTerminate(backend: c_int) -> c_int {
    call(point!("w_BackendTerminate"), 0, || backends::terminate(backend).map_err(Error::told))
}

/// Ends all back ends, at the same time. w_End does so too. Returns 1 when they have ended, or 0.
#[unsafe(no_mangle)]
pub extern "C" fn w_BackendTerminateAll() -> c_int {
    call(point!("w_BackendTerminateAll"), 0, || backends::terminate_all().map_err(Error::told))
}

/// Writes what a Python says it is, such as `Python 3.11.5`, to `*text`, which the caller frees with
/// `free`. `python` is its file or name, NULL for python3. Returns 1; 0 when there is no such Python
/// 3, with the reason in w_LastError.
///
/// # Safety
/// `python` is NULL or a C string; `text` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_PythonVersion(python: *const c_char, text: *mut *mut c_char) -> c_int {
    call(point!("w_PythonVersion"), 0, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        let python = unsafe { native::bytes(python) };
        let version = backends::python_version(python).map_err(Error::told)?;
        // SAFETY: the caller's promise is the one `give` asks for.
        unsafe { give(text, &version) }
    })
}

/// Gives the caller a text, unless it wants none.
///
/// # Safety
/// `place` is NULL or a pointer that may be written.
unsafe fn give(place: *mut *mut c_char, text: &str) -> Result<c_int, Error> {
    // SAFETY: the caller's promise is the one `native::give_text` asks for.
    if place.is_null() || unsafe { native::give_text(place, text.as_bytes()) } {
        return Ok(1);
    }
    Err(Error::new(Code::TooLarge, "there is no memory for the answer"))
}
