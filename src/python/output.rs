//! Writing for scripts: what they print goes to the host's standard output, within limits.

use pyo3_ffi::PyObject;

use super::interpreter::detached;
use super::object::{Attached, Exception, Obj};
use crate::abi::host;
use crate::clock;
use crate::guard::output::Verdict;
use crate::guard::registry;
use crate::scripts::Context;

/// `write_output((serial, number, data))` of `support/output.py`.
///
/// # Safety
/// Only Python calls it, with an interpreter attached.
pub unsafe extern "C" fn write(_: *mut PyObject, arguments: *mut PyObject) -> *mut PyObject {
    // SAFETY: Python calls with the interpreter attached, and output.py passes a tuple.
    let (attached, arguments) = unsafe {
        let attached = Attached::assume();
        (attached, attached.borrow(arguments))
    };
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, number, data] = &items[..] else { return attached.none().into_raw() };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| registry::with_serial(serial as u64));
    if !is_admitted(owner.as_deref(), data.as_bytes().len()) {
        return attached.none().into_raw();
    }
    let file = number.as_i64().unwrap_or(1) as i32;
    let bytes = data.as_bytes().to_vec();
    match detached(attached, || host::write_all(file, &bytes)) {
        Ok(()) => attached.none().into_raw(),
        Err(error) => {
            let message = format!("the hub's standard output cannot be written: {error}");
            drop(attached.raise(Exception::Os, &message));
            std::ptr::null_mut()
        }
    }
}

/// Whether a script may write so much now; that it may not is logged once.
pub fn is_admitted(script: Option<&Context>, length: usize) -> bool {
    let Some(script) = script else { return true };
    let output = &script.profile.output;
    let verdict = output.admit(length, clock::ticking());
    if verdict == Verdict::DropFirst {
        tracing::warn!(
            script = %script.label,
            "writes more than {} KiB a minute: what it writes in the rest of this minute is dropped",
            output.limit() / 1024
        );
    }
    verdict == Verdict::Write
}

/// Logs how much of a script's output was dropped.
pub fn tell_dropped(script: &Context, now: u64, at_once: bool) {
    if let Some(dropped) = script.profile.output.take_dropped(now, at_once) {
        tracing::warn!(script = %script.label, "{dropped} bytes that it wrote were dropped");
    }
}

/// The text and level a script gave to `vh.log`: a str, or a record of Python's logging.
pub fn text_and_level<'a>(
    message: &Obj<'a>,
    level: Option<&Obj<'a>>,
) -> Result<(String, Option<i64>), super::object::Raised> {
    let attached = message.attached();
    if message.is_str() {
        return Ok((message.to_text(), level.and_then(|level| level.as_i64())));
    }
    if let Ok(number) = message.attribute(c"levelno").map_err(|raised| attached.clear(raised)) {
        let text = super::scope::call(attached, c"text_of_record", std::slice::from_ref(message))?;
        return Ok((text.to_text(), number.as_i64()));
    }
    let message = format!(
        "log() argument 1 (message) must be str or a LogRecord, not {}",
        message.type_name()
    );
    Err(attached.raise(Exception::Type, &message))
}
