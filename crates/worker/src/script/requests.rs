//! What a script in a child asks the host: the functions of its `vh`. They are called on a thread of the host,
//! without a lock of ours.

use std::borrow::Cow;

use serde_json::value::RawValue;
use vh_core::callbacks::{CALLBACKS, Callback, Default, Kind, Outcome, SQL};
use vh_core::error::{Code, Error};
use vh_core::log::secrets;
use vh_core::text::Encoding;
use vh_guard::script::ScriptInfo;
use vh_guard::{slot, statistics};
use vh_host::host_functions::Answer;
use vh_host::sql::{self, Dialect};
use vh_host::targs::{Block, Piece, Storage, Telling};
use vh_host::{host_queue, hub, results, telling};

use super::results::{Texts, Unreadable};
use super::typed;
use super::values::{JsonFrom, Value, write_hub_text, write_item};
use crate::message::{self, Request};

/// The class that ends a thread.
const EXIT: &str = "SystemExit";

/// The exception that a script gets.
#[derive(Debug)]
pub struct Raised {
    /// The name of its class.
    pub kind: String,
    /// Its text.
    pub message: String,
}

impl Raised {
    /// An exception of one of Python's own classes.
    pub fn new(kind: &str, message: impl Into<String>) -> Raised {
        Raised { kind: kind.to_owned(), message: message.into() }
    }
}

/// The exception that says why the host could not be asked.
pub fn unasked(name: &str, error: &Error) -> Raised {
    let kind = match error.code() {
        Code::Timeout => "TimeoutError",
        // This ends a thread without a traceback; the script was told by UnLoad().
        Code::Closed => EXIT,
        _ => "RuntimeError",
    };
    Raised::new(kind, format!("{name}(): {}", error.message()))
}

/// Answers a request of the script, and gives the line that says so.
pub fn answer(script: &ScriptInfo, request: &Request) -> Vec<u8> {
    // For a while UnLoad() may wait for threads of the script that call.
    if request.within.is_none() && script.is_leaving() {
        return line(request, Err(unasked(&request.name, &host_queue::script_is_gone())));
    }
    line(request, run(script, request))
}

/// The line for an answer.
pub fn line(request: &Request, result: Result<Vec<u8>, Raised>) -> Vec<u8> {
    match result {
        Ok(text) => message::answer(request.number, &text),
        Err(Raised { kind, message }) => message::raise(request.number, &kind, &message),
    }
}

/// Whether a request needs no thread of the host; then this answers it.
pub fn answer_at_once(request: &Request) -> Option<Vec<u8>> {
    (request.name == "stats").then(|| line(request, stats(request)))
}

fn run(script: &ScriptInfo, request: &Request) -> Result<Vec<u8>, Raised> {
    match request.name.as_str() {
        "stats" => stats(request),
        "SQL" => query(script, request),
        "quote" => quote(script, request),
        "CallDynamicFunction" => dynamic(script, request),
        name => {
            let is_it =
                |callback: &&Callback| callback.text == name && callback.outcome != Outcome::Unused;
            let callback = CALLBACKS.iter().find(is_it);
            let unknown = || Raised::new("AttributeError", format!("vh has no function {name}"));
            call(script, callback.ok_or_else(unknown)?, request)
        }
    }
}

/// The arguments that the script sent.
fn arguments(request: &Request) -> Result<Vec<Value>, Raised> {
    let unreadable = || {
        let message = format!("the arguments of {}() cannot be read", request.name);
        Raised::new("RuntimeError", message)
    };
    let raw: Vec<&RawValue> = serde_json::from_str(&request.arguments).map_err(|_| unreadable())?;
    raw.into_iter().map(|raw| Value::read(raw).ok_or_else(unreadable)).collect()
}

/// Calls a callback of the hub.
fn call(
    script: &ScriptInfo,
    callback: &'static Callback,
    request: &Request,
) -> Result<Vec<u8>, Raised> {
    let encoding = hub::encoding(script.id);
    let values = arguments(request)?;
    let args = block(&pieces(callback, &values, encoding)?)?;
    let changes_encoding = hub::changes_encoding(callback, &args);
    let mut answer = send(script, callback, args, request)?;
    if changes_encoding {
        hub::forget_encoding();
    }
    of_callback(script, callback, &mut answer, encoding)
}

/// The pieces of a full row, without the values of a query.
fn pieces(
    callback: &Callback,
    values: &[Value],
    encoding: &Encoding,
) -> Result<Vec<Piece<'static>>, Raised> {
    let mut pieces = Vec::new();
    let packed = callback.params.iter().filter(|param| param.kind != Kind::Values);
    for (index, param) in packed.enumerate() {
        pieces.push(match (values.get(index).unwrap_or(&Value::None), param.default) {
            (Value::None, Default::Null) => Piece::Text(None),
            (Value::None, Default::Empty) => Piece::Text(Some(Cow::Borrowed(b""))),
            (Value::None, Default::Number(number)) => Piece::Int(number),
            (Value::None, Default::Required) => {
                let message = format!("{}() lacks {}", callback.text, param.name);
                return Err(Raised::new("TypeError", message));
            }
            (value, _) => value.piece(encoding),
        });
    }
    Ok(pieces)
}

fn block(pieces: &[Piece]) -> Result<Block, Raised> {
    let none = || Raised::new("MemoryError", "no memory for the arguments");
    Block::new(pieces, Storage::Inside).ok_or_else(none)
}

/// Sends a block to a callback of the hub.
fn send(
    script: &ScriptInfo,
    callback: &'static Callback,
    args: Block,
    request: &Request,
) -> Result<Answer, Raised> {
    let label = script.label.as_str();
    let of_password = telling::is_about_password(&args);
    telling::vh_call(label, callback.text, &args, |index| {
        telling::of_argument(callback, index, of_password)
    });
    let id = script.id;
    let answer = in_host(script, request, || hub::call(callback, id, args));
    telling::vh_answer(label, callback.text, answer.as_ref(), of_password);
    answer.ok_or_else(|| not_offered(callback))
}

/// Calls the host, as one of the script's own calls or for one of its threads.
fn in_host<R>(script: &ScriptInfo, request: &Request, call: impl FnOnce() -> R) -> R {
    if request.within.is_none() {
        script.count_thread_vh_call();
        return call();
    }
    let _visit = slot::of_this_thread().visit_host();
    call()
}

/// What the answer of a callback is for the script.
fn of_callback(
    script: &ScriptInfo,
    callback: &Callback,
    answer: &mut Answer,
    encoding: &Encoding,
) -> Result<Vec<u8>, Raised> {
    let made = results::of_callback(&Texts { encoding }, &script.label, callback, answer);
    made.map_err(|Unreadable(reason)| Raised::new("RuntimeError", reason))
}

/// The exception that says why the hub did not answer.
fn not_offered(callback: &Callback) -> Raised {
    if !hub::is_there() {
        return unasked(callback.text, &host_queue::host_is_gone());
    }
    Raised::new("NotImplementedError", hub::not_offered(callback))
}

/// `CallDynamicFunction(name, *args)`.
fn dynamic(script: &ScriptInfo, request: &Request) -> Result<Vec<u8>, Raised> {
    let mut values = arguments(request)?.into_iter();
    let Some(Value::Text(name)) = values.next() else {
        return Err(Raised::new("TypeError", "CallDynamicFunction() got no name"));
    };
    let (name, values): (_, Vec<_>) = (name.shown(), values.collect());
    let Some(function) = script.functions.find(name.as_bytes()) else {
        let message = format!("the host has registered no function '{name}' for this script");
        return Err(Raised::new("NameError", message));
    };
    let encoding = hub::encoding(script.id);
    let args = block(&typed::pack(&name, function.format(), &values, encoding)?)?;
    let label = script.label.as_str();
    let is_secret = secrets::is_secret_name(name.as_bytes());
    let how = if is_secret { Telling::Secret } else { Telling::Text };
    telling::vh_call(label, &name, &args, |_| how);
    let id = script.id;
    let answer = in_host(script, request, || function.call(id, args));
    telling::vh_answer(label, &name, Some(&answer), is_secret);
    match answer.exception(&name) {
        None => {}
        // No function of the host ends a script.
        Some((EXIT, message)) => {
            return Err(Raised::new("RuntimeError", format!("{EXIT}: {message}")));
        }
        Some((kind, message)) => return Err(Raised::new(kind, message)),
    }
    let mut out = Vec::new();
    match answer.view() {
        None => out.extend_from_slice(b"null"),
        Some(Err(wrong)) => {
            let reason = wrong.message();
            let message = format!("the result of {name}() cannot be read: {reason}");
            return Err(Raised::new("ValueError", message));
        }
        Some(Ok(view)) => {
            let items: Vec<_> = view.items().collect();
            match &items[..] {
                [] => out.extend_from_slice(b"null"),
                [item] if !view.is_tab() => write_item(&mut out, item, encoding, JsonFrom::Caller),
                items => {
                    out.extend_from_slice(b"{\"t\":");
                    super::values::write_list(&mut out, items.iter(), |out, item| {
                        write_item(out, item, encoding, JsonFrom::Caller);
                    });
                    out.push(b'}');
                }
            }
        }
    }
    Ok(out)
}

/// `stats(form)`.
fn stats(request: &Request) -> Result<Vec<u8>, Raised> {
    let mut out = b"{\"j\":".to_vec();
    match arguments(request)?.first() {
        Some(Value::Text(form)) if form.shown() == "prometheus" => {
            out.clear();
            vh_core::json::write_text(&mut out, &statistics::prometheus());
        }
        _ => {
            vh_core::json::write_text(&mut out, &String::from_utf8_lossy(&statistics::json()));
            out.push(b'}');
        }
    }
    Ok(out)
}

/// `SQL(query, params, limit)`.
fn query(script: &ScriptInfo, request: &Request) -> Result<Vec<u8>, Raised> {
    let callback = &CALLBACKS[SQL];
    let encoding = hub::encoding(script.id);
    let unreadable = || Raised::new("RuntimeError", "the arguments of SQL() cannot be read");
    let [text, params, limit]: [&RawValue; 3] =
        serde_json::from_str(&request.arguments).map_err(|_| unreadable())?;
    let read = |raw| Value::read(raw).ok_or_else(unreadable);
    let mut pieces = pieces(callback, &[read(text)?, read(limit)?], encoding)?;
    if params.get() != "null" {
        let params: Vec<&RawValue> =
            serde_json::from_str(params.get()).map_err(|_| unreadable())?;
        let params: Vec<Value> = params.into_iter().map(read).collect::<Result<_, _>>()?;
        fill(script, &params, encoding, &mut pieces, request)?;
    }
    let changes_reading =
        matches!(&pieces[0], Piece::Text(Some(query)) if sql::may_change_reading(query));
    let mut answer = send(script, callback, block(&pieces)?, request)?;
    let found = of_callback(script, callback, &mut answer, encoding)?;
    // After a failure too, because the database may be another one by now, or may have been restarted.
    if changes_reading || !found.starts_with(b"{\"t\":[true") {
        sql::forget();
    }
    Ok(found)
}

/// `quote(value)`.
fn quote(script: &ScriptInfo, request: &Request) -> Result<Vec<u8>, Raised> {
    let values = arguments(request)?;
    let encoding = hub::encoding(script.id);
    let dialect = dialect(script, request)?;
    let place = "quote() argument 1 (value)";
    let text = literal(values.first().unwrap_or(&Value::None), encoding, dialect, place)?;
    let mut out = Vec::new();
    write_hub_text(&mut out, Some(&text), encoding);
    Ok(out)
}

/// Puts the values into the query, which is the first piece.
fn fill(
    script: &ScriptInfo,
    params: &[Value],
    encoding: &Encoding,
    pieces: &mut [Piece],
    request: &Request,
) -> Result<(), Raised> {
    let dialect = dialect(script, request)?;
    let literals: Result<Vec<_>, _> = params
        .iter()
        .enumerate()
        .map(|(index, value)| {
            literal(value, encoding, dialect, &format!("SQL() parameter {}", index + 1))
        })
        .collect();
    if let Piece::Text(Some(query)) = &mut pieces[0] {
        let filled = sql::fill(query, &literals?, dialect)
            .map_err(|reason| Raised::new("ValueError", format!("SQL(): {reason}")))?;
        *query = Cow::Owned(filled);
    }
    Ok(())
}

/// What the hub's database is. If that is not known, the database is asked, in the name of the script.
fn dialect(script: &ScriptInfo, request: &Request) -> Result<Dialect, Raised> {
    if let Some(dialect) = sql::known() {
        return Ok(dialect);
    }
    let callback = &CALLBACKS[SQL];
    if !hub::offers(callback) {
        return Err(not_offered(callback));
    }
    let found = in_host(script, request, || sql::find_out(script.id));
    found.map_err(|reason| Raised::new("RuntimeError", reason))
}

fn literal(
    value: &Value,
    encoding: &Encoding,
    dialect: Dialect,
    place: &str,
) -> Result<Vec<u8>, Raised> {
    let value = match value {
        Value::Int(number) => sql::Value::Int((*number).into()),
        Value::Large(number) => sql::Value::Int(*number),
        Value::Float(number) => sql::Value::Float(*number),
        Value::Text(text) => sql::Value::Text(Cow::Owned(text.to_hub(encoding))),
        Value::Bytes(bytes) => sql::Value::Bytes(bytes),
        _ => sql::Value::Null,
    };
    sql::literal(&value, dialect).map_err(|wrong| {
        let kind = match wrong.code() {
            Code::TooLarge => "OverflowError",
            _ => "ValueError",
        };
        Raised::new(kind, format!("{place} {}", wrong.message()))
    })
}
