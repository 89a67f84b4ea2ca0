//! What scripts print: it goes to the host's standard output, within limits.

use std::io;

use super::interpreter::detached;
use super::object::{Attached, Exception, Obj, Raised};
use vh_core::log::stream::{self, Writer};
use vh_guard::directory;
use vh_guard::output::{self, Verdict, tell_limit};

/// `write_output((serial, number, data))` of `support/output.py`.
pub fn write<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, number, data] = &items[..] else { return Ok(attached.none()) };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| directory::with_serial(serial as u64));
    let file = number.as_i64().unwrap_or(1) as i32;
    let data = data.as_bytes();
    let (written, verdict) = detached(attached, || match owner.as_deref() {
        Some(script) => output::print(script, file, data),
        None => write_for_nobody(file, data),
    });
    tell_limit(owner.as_deref(), verdict);
    match written {
        Ok(()) => Ok(attached.none()),
        Err(error) => {
            let message = format!("the hub's standard output cannot be written: {error}");
            Err(attached.raise(Exception::Os, &message))
        }
    }
}

/// Writes a piece when it is not known which script prints it.
fn write_for_nobody(file: i32, data: &[u8]) -> (io::Result<()>, Verdict) {
    let writer = Writer { serial: None, file };
    stream::write(writer, "PY: [?] ", data, true, |_| Verdict::Write)
}

/// `log_for((serial, text))` of `support/uncaught.py`: logs an error of a script that Python itself reports.
pub fn log_for<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, text] = &items[..] else { return Ok(attached.none()) };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| directory::with_serial(serial as u64));
    let text = text.to_text();
    detached(attached, || match owner.as_deref() {
        Some(script) => output::log_error(script, &text),
        None => tracing::error!("{text}"),
    });
    Ok(attached.none())
}

/// The text and level of what a script gave to `vh.log`: a str, or a record of Python's logging.
pub fn text_and_level<'a>(
    message: &Obj<'a>,
    level: Option<&Obj<'a>>,
) -> Result<(String, Option<i64>), Raised> {
    let attached = message.attached();
    if let Some(level) = level.filter(|level| !level.is_none() && !level.is_int()) {
        let given = level.type_name();
        let message = format!("log() argument 2 (level) must be int or None, not {given}");
        return Err(attached.raise(Exception::Type, &message));
    }
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
