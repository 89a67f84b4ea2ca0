//! The bodies of the functions of the `vh` module.

use super::arguments::Given;
use super::{results, typed};
use crate::convert;
use crate::interpreter::{self, detached};
use crate::interrupt;
use crate::json::{self, Failure};
use crate::object::{Attached, Exception, Obj, Raised};
use crate::{output, report};
use vh_core::callbacks::Callback;
use vh_core::log::secrets;
use vh_core::text::{self, Decoded, Encoding};
use vh_guard::output::log_record;
use vh_guard::script::ScriptInfo;
use vh_guard::slot;
use vh_guard::statistics;
use vh_host::host_functions::Answer;
use vh_host::host_queue;
use vh_host::hub;
use vh_host::targs::{Block, Piece, Storage, Telling};
use vh_host::telling;

/// Calls a callback of the hub.
pub fn callback<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    callback: &'static Callback,
    given: &Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    let encoding = encoding(attached, script)?;
    let args = given.pack(callback, encoding)?;
    let changes_encoding = hub::changes_encoding(callback, &args);
    let answer = send(attached, script, callback, args)?;
    if changes_encoding {
        hub::forget_encoding();
    }
    let mut answer = answer.ok_or_else(|| not_offered(attached, callback))?;
    results::of_callback(attached, script, callback, &mut answer, encoding)
}

/// Sends a block to a callback of the hub; None when the hub does not offer it.
pub fn send(
    attached: Attached<'_>,
    script: &ScriptInfo,
    callback: &'static Callback,
    args: Block,
) -> Result<Option<Answer>, Raised> {
    let is_told = telling::tells_vh_calls();
    let of_password = is_told && telling::is_about_password(&args);
    if is_told {
        telling::vh_call(&script.label, callback.text, &args, |index| {
            telling::of_argument(callback, index, of_password)
        });
    }
    let id = script.id;
    let answer = if hub::offers(callback) {
        let call = move || hub::call(callback, id, args);
        host_call(attached, script, callback.text, call)?
    } else {
        None
    };
    if is_told {
        telling::vh_answer(&script.label, callback.text, answer.as_ref(), of_password);
    }
    Ok(answer)
}

/// Raises an exception that says why the hub did not answer.
pub fn not_offered(attached: Attached<'_>, callback: &Callback) -> Raised {
    if !hub::is_there() {
        return report::raise(attached, &host_queue::host_is_gone(), callback.text);
    }
    attached.raise(Exception::NotImplemented, &hub::not_offered(callback))
}

/// `CallDynamicFunction(name, *args)`.
pub fn dynamic<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    given: &Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    let (name, arguments) = given.named_and_more("CallDynamicFunction", "name")?;
    if !name.is_str() {
        let message = format!(
            "CallDynamicFunction() argument 1 (name) must be str, not {}",
            name.type_name()
        );
        return Err(attached.raise(Exception::Type, &message));
    }
    let name = name.to_text();
    let Some(function) = script.functions.find(name.as_bytes()) else {
        let message = format!("the host has registered no function '{name}' for this script");
        return Err(attached.raise(Exception::Name, &message));
    };
    let encoding = encoding(attached, script)?;
    let pieces = match function.format() {
        Some(format) => typed::pack(attached, &name, format, arguments, encoding)?,
        None => pack_as_they_come(attached, &name, arguments, encoding)?,
    };
    let args = Block::new(&pieces, Storage::Inside)
        .ok_or_else(|| attached.raise(Exception::Memory, "no memory for the arguments"))?;
    let is_told = telling::tells_vh_calls();
    let is_secret = is_told && secrets::is_secret_name(name.as_bytes());
    if is_told {
        let how = if is_secret { Telling::Secret } else { Telling::Text };
        telling::vh_call(&script.label, &name, &args, |_| how);
    }
    let id = script.id;
    let call = move || Some(function.call(id, args));
    let answer = host_call(attached, script, &name, call)?;
    if is_told {
        telling::vh_answer(&script.label, &name, answer.as_ref(), is_secret);
    }
    if let Some((kind, message)) = answer.as_ref().and_then(|answer| answer.exception(&name)) {
        return Err(attached.raise_named(kind, &message));
    }
    let failed = |reason: &str| {
        attached
            .raise(Exception::Value, &format!("the result of {name}() cannot be read: {reason}"))
    };
    match answer.as_ref().and_then(Answer::view) {
        None => Ok(attached.none()),
        Some(Err(wrong)) => Err(failed(wrong.message())),
        Some(Ok(view)) => {
            convert::result_to_object(attached, &view, encoding).map_err(|failure| match failure {
                Failure::Raised(raised) => raised,
                Failure::Refused(_, reason) => failed(&reason),
            })
        }
    }
}

fn pack_as_they_come<'o>(
    attached: Attached<'_>,
    name: &str,
    arguments: &'o [Obj],
    encoding: &Encoding,
) -> Result<Vec<Piece<'o>>, Raised> {
    let mut pieces = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.iter().enumerate() {
        let piece = convert::to_piece(argument, encoding).map_err(|failure| match failure {
            Failure::Raised(raised) => raised,
            Failure::Refused(kind, reason) => {
                attached.raise(kind, &format!("{name}() argument {}: {reason}", index + 1))
            }
        });
        pieces.push(piece?);
    }
    Ok(pieces)
}

/// Calls the host: at once inside a call from it, otherwise on its own thread through `host_queue`. Before a
/// late call enters the host, its exception arrives.
pub fn host_call(
    attached: Attached<'_>,
    script: &ScriptInfo,
    name: &str,
    call: impl FnOnce() -> Option<Answer> + Send + 'static,
) -> Result<Option<Answer>, Raised> {
    if interpreter::inside_host_call() {
        let slot = slot::of_this_thread();
        if slot.is_late() {
            interrupt::let_arrive(attached)?;
            if slot.is_first_exception() {
                return Err(interrupt::raise(attached));
            }
        }
        let visit = slot.visit_host();
        let answer = detached(attached, call);
        drop(visit);
        return Ok(answer);
    }
    script.count_thread_vh_call();
    detached(attached, || host_queue::call(script.serial, || script.is_leaving(), call))
        .map_err(|error| report::raise(attached, &error, name))
}

/// The hub's encoding. If the hub must be asked, the interpreter is left for that.
pub fn encoding(attached: Attached<'_>, script: &ScriptInfo) -> Result<&'static Encoding, Raised> {
    if let Some(encoding) = hub::known_encoding() {
        return Ok(encoding);
    }
    let id = script.id;
    host_call(attached, script, "GetConfig", move || {
        hub::encoding(id);
        None
    })?;
    Ok(hub::known_encoding().unwrap_or(&text::UTF8))
}

/// The characters that the protocol reserves, and the entities that stand for them.
const ENTITIES: [(u8, &[u8]); 5] =
    [(5, b"&#5;"), (b'$', b"&#36;"), (b'`', b"&#96;"), (b'|', b"&#124;"), (b'~', b"&#126;")];

/// `encode(text)`.
pub fn encode<'a>(given: &Given<'_, 'a>) -> Result<Obj<'a>, Raised> {
    translate(given, "encode", |rest, out| {
        let (_, entity) = ENTITIES.iter().find(|(byte, _)| rest[0] == *byte)?;
        out.extend_from_slice(entity);
        Some(1)
    })
}

/// `decode(text)`.
pub fn decode<'a>(given: &Given<'_, 'a>) -> Result<Obj<'a>, Raised> {
    translate(given, "decode", |rest, out| {
        let (byte, entity) = ENTITIES.iter().find(|(_, entity)| rest.starts_with(entity))?;
        out.push(*byte);
        Some(entity.len())
    })
}

/// `log(message, level=None)`; levels are those of Python's logging.
pub fn log<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    given: &Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    let [message, level] = given.named("log", ["message", "level"], 1)?;
    let message = message.expect("it is required");
    let (text, level) = output::text_and_level(message, level)?;
    log_record(script, level, &text);
    Ok(attached.none())
}

/// `stats(form="dict")`.
pub fn stats<'a>(attached: Attached<'a>, given: &Given<'_, 'a>) -> Result<Obj<'a>, Raised> {
    let [form] = given.named("stats", ["form"], 0)?;
    match form.map(|form| form.to_text()).as_deref() {
        None | Some("dict") => {
            json::parse(attached, &statistics::json()).map_err(|failure| match failure {
                Failure::Raised(raised) => raised,
                Failure::Refused(_, reason) => attached.raise(Exception::Runtime, &reason),
            })
        }
        Some("prometheus") => attached.str(&statistics::prometheus()),
        Some(other) => {
            let message =
                format!("stats() argument 1 must be 'dict' or 'prometheus', not {other:?}");
            Err(attached.raise(Exception::Value, &message))
        }
    }
}

/// Copies a text. `replace` may write something else, and then says how many bytes that stands for.
fn translate<'a>(
    given: &Given<'_, 'a>,
    name: &str,
    replace: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> Result<Obj<'a>, Raised> {
    let [text] = given.named(name, ["text"], 1)?;
    let text = text.expect("it is required");
    let attached = text.attached();
    if !text.is_str() {
        let message = format!("{name}() argument 1 (text) must be str, not {}", text.type_name());
        return Err(attached.raise(Exception::Type, &message));
    }
    let text = Decoded::from_code_points(text.code_points().into_iter());
    let mut rest = text.bytes();
    let mut out = Vec::with_capacity(rest.len());
    while let Some((&byte, tail)) = rest.split_first() {
        match replace(rest, &mut out) {
            Some(length) => rest = &rest[length..],
            None => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    convert::from_decoded(attached, &Decoded::from_wtf8(out, text.has_surrogates()))
}
