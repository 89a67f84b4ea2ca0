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
    let mut bytes = data.as_bytes().to_vec();
    let verdict = admit(owner.as_deref(), bytes.len());
    match verdict {
        Verdict::Write => {}
        Verdict::Cut(length) if length > 0 => {
            bytes.truncate(start_of_character(&bytes, length));
            bytes.extend_from_slice("…\n".as_bytes());
        }
        Verdict::Cut(_) | Verdict::Drop => bytes.clear(),
    }
    let file = number.as_i64().unwrap_or(1) as i32;
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

/// What becomes of so many bytes that a script writes; `tell_limit` is to follow.
fn admit(script: Option<&Context>, length: usize) -> Verdict {
    script.map_or(Verdict::Write, |script| script.profile.output.admit(length, clock::ticking()))
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
    let verdict = admit(Some(script), text.len() + around);
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
