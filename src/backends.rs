//! Back ends as C hosts use them: named by numbers, with all values as JSON text.

use std::collections::HashMap;
use std::ffi::{OsStr, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use vh_core::error::{Code, Error};
use vh_host::native::EventHandler;
use vh_worker::{Answer, Backend, Call, Canceller, Options};

/// A call that was begun and not waited for to its end.
struct Begun {
    /// None while a thread waits for it.
    call: Option<Call>,
    canceller: Canceller,
}

/// The calls that were begun, by their numbers.
struct Calls {
    last: c_int,
    begun: Option<HashMap<c_int, Begun>>,
}

static CALLS: Mutex<Calls> = Mutex::new(Calls { last: 0, begun: None });

/// `w_Execute`.
pub fn execute(code: Option<&[u8]>, options: Option<&[u8]>) -> Answer {
    let code = required("w_Execute", "the code", code)?;
    vh_worker::execute(code, &read_options("w_Execute", options)?)
}

/// `w_Spawn`: the number of the back end.
pub fn spawn(script: Option<&[u8]>, options: Option<&[u8]>) -> Result<c_int, Error> {
    let options = read_options("w_Spawn", options)?;
    vh_worker::spawn(path("w_Spawn", script)?, &options).map(|backend| number(&backend))
}

/// `w_BackendFind`: the number of the living back end of a script.
pub fn find(script: Option<&[u8]>) -> Result<c_int, Error> {
    let script = path("w_BackendFind", script)?;
    let found = vh_worker::get_backend(script);
    found.as_ref().map(number).ok_or_else(|| {
        let message = format!("no back end of {} lives", script.display());
        Error::new(Code::NotFound, message)
    })
}

/// `w_BackendCall`.
pub fn call(
    backend: c_int,
    method: Option<&[u8]>,
    params: Option<&[u8]>,
    timeout: c_int,
) -> Answer {
    begin_here("w_BackendCall", backend, method, params, timeout)?.wait()
}

/// `w_BackendBegin`: the number of the call.
pub fn begin(
    backend: c_int,
    method: Option<&[u8]>,
    params: Option<&[u8]>,
    timeout: c_int,
) -> Result<c_int, Error> {
    let call = begin_here("w_BackendBegin", backend, method, params, timeout)?;
    let canceller = call.canceller();
    let mut calls = CALLS.lock();
    let mut number = calls.last;
    let begun = calls.begun.get_or_insert_default();
    // Numbers begin anew when they are all used; by then the first calls have long been waited for.
    loop {
        number = number.checked_add(1).unwrap_or(1);
        if !begun.contains_key(&number) {
            break;
        }
    }
    begun.insert(number, Begun { call: Some(call), canceller });
    calls.last = number;
    Ok(number)
}

/// `w_BackendWait`.
pub fn wait(number: c_int) -> Answer {
    let call = {
        let mut calls = CALLS.lock();
        let begun = calls.begun.as_mut().and_then(|begun| begun.get_mut(&number));
        begun.ok_or_else(|| no_call("w_BackendWait", number))?.call.take()
    };
    let Some(call) = call else {
        let message = format!("w_BackendWait({number}): another thread waits for this call");
        return Err(Error::new(Code::Invalid, message));
    };
    let answer = call.wait();
    if let Some(begun) = &mut CALLS.lock().begun {
        begun.remove(&number);
    }
    answer
}

/// `w_BackendCancel`.
pub fn cancel(number: c_int) -> Result<c_int, Error> {
    let canceller = {
        let calls = CALLS.lock();
        let begun = calls.begun.as_ref().and_then(|begun| begun.get(&number));
        begun.ok_or_else(|| no_call("w_BackendCancel", number))?.canceller.clone()
    };
    Ok(c_int::from(canceller.cancel()))
}

/// `w_BackendOn`: the number of the handler.
pub fn on(
    backend: c_int,
    event: Option<&[u8]>,
    handler: Option<EventHandler>,
) -> Result<c_int, Error> {
    let event = required("w_BackendOn", "the event", event)?;
    let Some(handler) = handler else {
        return Err(Error::new(Code::Invalid, "w_BackendOn was given no handler (NULL)"));
    };
    let found = of_number("w_BackendOn", backend)?;
    let call = move |name: &str, json: &str| handler.call(backend, name, json);
    let number = found.events().on(event, Arc::new(call));
    c_int::try_from(number).map_err(|_| Error::new(Code::Busy, "there are too many handlers"))
}

/// `w_BackendOff`.
pub fn off(backend: c_int, handler: c_int) -> Result<c_int, Error> {
    let found = of_number("w_BackendOff", backend)?;
    if u64::try_from(handler).is_ok_and(|handler| found.events().off(handler)) {
        return Ok(1);
    }
    let message = format!("w_BackendOff({backend}, {handler}): there is no such handler");
    Err(Error::new(Code::NotFound, message))
}

/// `w_BackendTerminate`.
pub fn terminate(backend: c_int) -> Result<c_int, Error> {
    of_number("w_BackendTerminate", backend)?.terminate().map(|()| 1)
}

/// `w_BackendTerminateAll`.
pub fn terminate_all() -> Result<c_int, Error> {
    vh_worker::terminate_all().map(|()| 1)
}

/// The same at the end of the library; what does not end is logged.
pub fn terminate_all_or_told() {
    if let Err(error) = vh_worker::terminate_all() {
        error.tell();
    }
    if let Some(begun) = CALLS.lock().begun.take() {
        drop(begun);
    }
}

/// `w_PythonVersion`.
pub fn python_version(python: Option<&[u8]>) -> Answer {
    vh_worker::python_version(OsStr::from_bytes(python.unwrap_or(b"python3")))
}

fn begin_here(
    function: &str,
    backend: c_int,
    method: Option<&[u8]>,
    params: Option<&[u8]>,
    timeout: c_int,
) -> Result<Call, Error> {
    let method = required(function, "the method", method)?;
    let params = optional(function, "the parameters", params)?;
    let timeout = u64::try_from(timeout).ok().filter(|timeout| *timeout > 0);
    let backend = of_number(function, backend)?;
    backend.begin(method, params, timeout.map(Duration::from_millis))
}

fn number(backend: &Arc<Backend>) -> c_int {
    backend.number() as c_int
}

fn of_number(function: &str, backend: c_int) -> Result<Arc<Backend>, Error> {
    u32::try_from(backend).ok().and_then(vh_worker::of_number).ok_or_else(|| {
        let message = format!("{function}: back end {backend} has ended or never was");
        Error::new(Code::Closed, message)
    })
}

fn no_call(function: &str, number: c_int) -> Error {
    let message = format!("{function}({number}): no call of this number is under way");
    Error::new(Code::NotFound, message)
}

fn read_options(function: &str, options: Option<&[u8]>) -> Result<Options, Error> {
    Options::from_json(optional(function, "the options", options)?)
}

fn path<'a>(function: &str, path: Option<&'a [u8]>) -> Result<&'a Path, Error> {
    let bytes = path.ok_or_else(|| missing(function, "the script"))?;
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

fn required<'a>(function: &str, what: &str, text: Option<&'a [u8]>) -> Result<&'a str, Error> {
    utf8(function, what, text.ok_or_else(|| missing(function, what))?)
}

fn optional<'a>(function: &str, what: &str, text: Option<&'a [u8]>) -> Result<&'a str, Error> {
    utf8(function, what, text.unwrap_or_default())
}

fn utf8<'a>(function: &str, what: &str, text: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(text).map_err(|_| {
        Error::new(Code::Invalid, format!("{function}: the text of {what} is not UTF-8"))
    })
}

fn missing(function: &str, what: &str) -> Error {
    Error::new(Code::Invalid, format!("{function} was not given {what} (NULL)"))
}
