//! What scripts print: it goes to the host's standard output, within limits.

use std::io;

use super::interpreter::detached;
use super::object::{Attached, Exception, Obj, Raised};
use vh_core::clock;
use vh_core::log::stream::{self, Writer};
use vh_guard::directory;
use vh_guard::output::{Kind, Verdict, log_within_limit, tell_limit};
use vh_guard::script::ScriptInfo;

/// `write_output((serial, number, data))` of `support/output.py`.
pub fn write<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, number, data] = &items[..] else { return Ok(attached.none()) };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| directory::with_serial(serial as u64));
    let file = number.as_i64().unwrap_or(1) as i32;
    let data = data.as_bytes();
    let (written, verdict) = detached(attached, || match owner.as_deref() {
        Some(script) => write_for(script, file, data),
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

/// Writes a piece that a script prints. Each line begins with the script's label, which counts for the limit
/// too. The caller must then call `tell_limit`.
fn write_for(script: &ScriptInfo, file: i32, data: &[u8]) -> (io::Result<()>, Verdict) {
    let output = &script.output;
    if output.drops(data.len()) {
        return (Ok(()), Verdict::Drop);
    }
    let writer = Writer { serial: Some(script.serial), file };
    let label = format!("PY: [{}] ", script.label);
    stream::write(writer, &label, data, output.limit() > 0, |piece| {
        let length = piece.text.len() - piece.labels;
        let verdict = output.admit(Kind::Output, length, piece.labels, clock::ticking());
        match verdict {
            Verdict::Write => {}
            Verdict::Cut(length) => piece.shorten(length),
            Verdict::Drop => piece.shorten(0),
        }
        verdict
    })
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
        Some(script) => {
            let around = "PY: [] \n".len() + script.label.len();
            let log = |text: &str| tracing::error!(script = %script.label, "{text}");
            log_within_limit(script, Kind::Error, &text, around, log);
        }
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
