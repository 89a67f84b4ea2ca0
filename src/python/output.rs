//! Writing for scripts: what they print goes to the host's standard output, within limits.

use super::interpreter::detached;
use super::object::{Attached, Exception, Obj, Raised};
use crate::abi::host;
use crate::clock;
use crate::guard::output::Verdict;
use crate::guard::registry;
use crate::scripts::Context;

/// `write_output((serial, number, data))` of `support/output.py`.
pub fn write<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, number, data] = &items[..] else { return Ok(attached.none()) };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| registry::with_serial(serial as u64));
    let file = number.as_i64().unwrap_or(1) as i32;
    let (bytes, verdict) = match owner.as_deref() {
        Some(script) => admitted(script, file, data.as_bytes()),
        None => (data.as_bytes().to_vec(), Verdict::Write),
    };
    let written = detached(attached, || host::write_all(file, &bytes));
    tell_limit(owner.as_deref(), verdict);
    match written {
        Ok(()) => Ok(attached.none()),
        Err(error) => {
            let message = format!("the hub's standard output cannot be written: {error}");
            Err(attached.raise(Exception::Os, &message))
        }
    }
}

/// What is written of a piece of a script's output: each line begins with the script's label, which
/// counts for the limit as well. `tell_limit` is to follow.
fn admitted(script: &Context, file: i32, data: &[u8]) -> (Vec<u8>, Verdict) {
    let output = &script.profile.output;
    let label = format!("PY: [{}] ", script.label);
    let (mut bytes, ends_line) = labelled(data, &label, output.is_inside_line(file));
    let around = bytes.len() - data.len();
    let verdict = output.admit(data.len(), around, clock::ticking());
    match verdict {
        Verdict::Write => output.set_inside_line(file, !ends_line),
        Verdict::Cut(length) => {
            bytes.truncate(start_of_character(&bytes, length));
            if !bytes.is_empty() {
                bytes.extend_from_slice("…\n".as_bytes());
            }
            output.set_inside_line(file, false);
        }
        Verdict::Drop => bytes.clear(),
    }
    (bytes, verdict)
}

/// The label before each line that begins in `data`, and whether its last line ends.
fn labelled(data: &[u8], label: &str, mut is_inside_line: bool) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(data.len() + label.len());
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        if !is_inside_line {
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.extend_from_slice(line);
        is_inside_line = line.last() != Some(&b'\n');
    }
    (bytes, !is_inside_line)
}

/// `log_for((serial, text))` of `support/uncaught.py`: an error of a script that Python itself tells.
pub fn log_for<'a>(attached: Attached<'a>, arguments: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let items = arguments.map(|arguments| arguments.items()).unwrap_or_default();
    let [serial, text] = &items[..] else { return Ok(attached.none()) };
    let owner = if serial.is_int() { serial.as_i64() } else { None };
    let owner = owner.and_then(|serial| registry::with_serial(serial as u64));
    let text = text.to_text();
    detached(attached, || match owner.as_deref() {
        Some(script) => {
            let around = "PY: [] \n".len() + script.label.len();
            let log = |text: &str| tracing::error!(script = %script.label, "{text}");
            log_within_limit(script, &text, around, log);
        }
        None => tracing::error!("{text}"),
    });
    Ok(attached.none())
}

/// Logs that from now on the script's output is dropped, if this is where that began.
fn tell_limit(script: Option<&Context>, verdict: Verdict) {
    if let (Some(script), Verdict::Cut(_)) = (script, verdict) {
        tracing::warn!(
            script = %script.label,
            "writes more than {} KiB a minute: what it writes in the rest of this minute is dropped",
            script.profile.output.limit() / 1024
        );
    }
}

/// Where the character begins that this byte belongs to; text that is none may be cut anywhere.
fn start_of_character(text: &[u8], index: usize) -> usize {
    let is_inside = |index: &usize| text.get(*index).is_some_and(|byte| byte & 0xC0 == 0x80);
    (index.saturating_sub(3)..=index).rev().find(|index| !is_inside(index)).unwrap_or(index)
}

/// Gives what may be written of a line that a script logs, which costs `around` bytes more than its
/// text, to `log`.
pub fn log_within_limit(script: &Context, text: &str, around: usize, log: impl FnOnce(&str)) {
    let verdict = script.profile.output.admit(text.len(), around, clock::ticking());
    match verdict {
        Verdict::Write => log(text),
        Verdict::Cut(length) if length > around => {
            let end = start_of_character(text.as_bytes(), length - around);
            log(&format!("{}… ({} more bytes)", &text[..end], text.len() - end));
        }
        Verdict::Cut(_) | Verdict::Drop => {}
    }
    tell_limit(Some(script), verdict);
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
