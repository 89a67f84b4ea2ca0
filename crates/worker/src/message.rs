//! What a child says: the JSON texts in its frames.

use serde::Deserialize;
use serde_json::value::RawValue;
use vh_core::error::{Code, Error, Exception};

/// What a frame says.
#[derive(Debug)]
pub enum Message {
    /// The answer to a request; 0 is the child's word that it is ready.
    Answer(u64, Result<String, Error>),
    /// An event: its name, and its value as JSON text.
    Event(String, String),
    /// A call of the host.
    Request(Request),
    /// Nothing that the wire knows, and why.
    Unknown(String),
}

/// What a script in a child asks the host.
#[derive(Debug)]
pub struct Request {
    /// The number by which the child knows it.
    pub number: u64,
    /// The call inside of which it is made; None for one of the script's own threads.
    pub within: Option<u64>,
    /// The function that is called.
    pub name: String,
    /// Its arguments, the JSON text of an array.
    pub arguments: String,
}

/// The number under which a child tells that it is ready.
pub const READY: u64 = 0;

#[derive(Deserialize)]
struct Envelope<'a> {
    id: Option<u64>,
    #[serde(borrow, default)]
    status: &'a str,
    cmd: Option<String>,
    #[serde(rename = "in")]
    within: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    traceback: Option<String>,
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// An error in the form of an object, which some children send.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    message: String,
    traceback: Option<String>,
    code: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Message {
    /// Reads a frame's text.
    pub fn read(text: &[u8]) -> Message {
        let envelope: Envelope = match serde_json::from_slice(text) {
            Ok(envelope) => envelope,
            Err(reason) => return unreadable(text, Code::Invalid, &reason.to_string()),
        };
        let result = || envelope.result.map_or("null", RawValue::get).to_owned();
        match (envelope.status, envelope.id, &envelope.cmd) {
            ("event", _, Some(name)) => Message::Event(name.clone(), result()),
            ("call", Some(number), Some(name)) => Message::Request(Request {
                number,
                within: envelope.within,
                name: name.clone(),
                arguments: result(),
            }),
            ("success", Some(id), _) => Message::Answer(id, Ok(result())),
            ("error", Some(id), _) => Message::Answer(id, Err(envelope.error())),
            ("error", None, _) => {
                let error = envelope.error();
                Message::Unknown(format!("an error without a number: {}", error.message()))
            }
            (status, ..) => Message::Unknown(format!("it has the status {status:?}")),
        }
    }
}

/// A frame that cannot be read. If it begins with a number, the call of that number has this error: an original
/// may send NaN, which is no JSON.
pub fn unreadable(text: &[u8], code: Code, reason: &str) -> Message {
    match number_of(text) {
        Some(id) => {
            let error = Error::new(code, format!("its answer cannot be read: {reason}"));
            Message::Answer(id, Err(error))
        }
        None => Message::Unknown(format!("it is no frame: {reason}")),
    }
}

/// The number with which a frame begins, as all write it.
fn number_of(text: &[u8]) -> Option<u64> {
    let text = &text[..text.len().min(64)];
    let rest = text.strip_prefix(b"{\"id\":")?.trim_ascii_start();
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..length]).ok()?.parse().ok()
}

impl Envelope<'_> {
    fn error(&self) -> Error {
        let given = self.error.map_or("null", RawValue::get);
        let mut details = match serde_json::from_str(given) {
            Ok(message) => Details { message, ..Details::default() },
            Err(_) => serde_json::from_str(given)
                .unwrap_or_else(|_| Details { message: given.to_owned(), ..Details::default() }),
        };
        details.traceback = details.traceback.or_else(|| self.traceback.clone());
        details.code = details.code.or_else(|| self.code.clone());
        details.kind = details.kind.or_else(|| self.kind.clone());
        let code = details.code.as_deref().and_then(Code::of_name).unwrap_or(Code::Python);
        let error = Error::new(code, details.message);
        match (details.kind, details.traceback) {
            (None, None) => error,
            (kind, traceback) => error.with_exception(Exception {
                kind: kind.unwrap_or_default(),
                traceback: traceback.unwrap_or_default(),
            }),
        }
    }
}

/// The line that asks a child for something. `params` is the JSON text of an object.
pub fn request(id: u64, method: &str, params: &str) -> Vec<u8> {
    line(id, "cmd", method, params)
}

/// The line that has a child run code as the body of a function with these parameters.
pub fn execution(id: u64, code: &str, params: &str) -> Vec<u8> {
    line(id, "code", code, params)
}

fn line(id: u64, key: &str, text: &str, params: &str) -> Vec<u8> {
    let mut line = Vec::with_capacity(params.len() + text.len() + 48);
    line.extend_from_slice(format!("{{\"id\":{id},\"{key}\":").as_bytes());
    vh_core::json::write_text(&mut line, text);
    line.extend_from_slice(b",\"params\":");
    let start = line.len();
    line.extend_from_slice(params.as_bytes());
    // Between the parts of a JSON text a space says the same as the end of a line, and texts have none.
    for byte in &mut line[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    line.extend_from_slice(b"}\n");
    line
}

/// The line that answers a request of the child with a value, which is JSON text of one line.
pub fn answer(number: u64, result: &[u8]) -> Vec<u8> {
    let head = format!("{{\"answer\":{number},\"result\":");
    [head.as_bytes(), result, b"}\n"].concat()
}

/// The line that answers it with an exception.
pub fn raise(number: u64, kind: &str, message: &str) -> Vec<u8> {
    let mut line = format!("{{\"answer\":{number},\"raise\":[").into_bytes();
    vh_core::json::write_text(&mut line, kind);
    line.push(b',');
    vh_core::json::write_text(&mut line, message);
    line.extend_from_slice(b"]}\n");
    line
}

/// The line that asks where a request is.
pub fn ask_where(id: u64) -> Vec<u8> {
    format!("{{\"where\":{id}}}\n").into_bytes()
}

/// The line that takes a request back.
pub fn cancel(id: u64) -> Vec<u8> {
    format!("{{\"cancel\":{id}}}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> (u64, Result<String, Error>) {
        match Message::read(text.as_bytes()) {
            Message::Answer(id, result) => (id, result),
            other => panic!("{other:?}"),
        }
    }

    fn error(text: &str) -> Error {
        answer(text).1.unwrap_err()
    }

    #[test]
    fn a_result_stays_the_text_it_was() {
        let (id, result) =
            answer(r#"{"id": 7, "status": "success", "result": {"n":123456789012345678901.50}}"#);
        assert_eq!((id, result.unwrap().as_str()), (7, r#"{"n":123456789012345678901.50}"#));
        assert_eq!(answer(r#"{"id":1,"status":"success"}"#).1.unwrap(), "null");
    }

    #[test]
    fn an_error_is_a_text_and_may_have_further_keys() {
        let plain = error(r#"{"id":1,"status":"error","error":"no \"x\""}"#);
        assert_eq!((plain.code(), plain.message()), (Code::Python, "no \"x\""));
        assert!(plain.exception().is_none());
        let whole = error(
            r#"{"id":1,"status":"error","error":"bad","traceback":"T","code":"invalid","type":"TypeError"}"#,
        );
        assert_eq!(whole.code(), Code::Invalid);
        let exception = whole.exception().unwrap();
        assert_eq!((exception.kind.as_str(), exception.traceback.as_str()), ("TypeError", "T"));
    }

    #[test]
    fn an_error_may_be_an_object() {
        let given = error(
            r#"{"id":1,"status":"error","error":{"message":"gone","code":"not_found","type":"KeyError"},"traceback":"T"}"#,
        );
        assert_eq!((given.code(), given.message()), (Code::NotFound, "gone"));
        assert_eq!(given.exception().unwrap().traceback, "T");
    }

    #[test]
    fn an_event_has_no_number() {
        match Message::read(r#"{"cmd":"tick","status":"event","result":[1]}"#.as_bytes()) {
            Message::Event(name, value) => assert_eq!((&*name, &*value), ("tick", "[1]")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn anything_else_says_why_it_is_none() {
        for (text, why) in [
            ("hello", "expected value"),
            ("[]", "invalid"),
            (r#"{"id":1,"status":"maybe"}"#, "maybe"),
            (r#"{"id":null,"status":"error","error":"lost"}"#, "lost"),
        ] {
            match Message::read(text.as_bytes()) {
                Message::Unknown(reason) => assert!(reason.contains(why), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_answer_that_is_no_json_is_an_error_of_its_call() {
        let (id, error) = answer(r#"{"id": 12, "status": "success", "result": NaN}"#);
        let error = error.unwrap_err();
        assert_eq!((id, error.code()), (12, Code::Invalid));
        assert!(error.message().starts_with("its answer cannot be read: "), "{error:?}");
    }

    #[test]
    fn a_request_is_one_line_whatever_its_parts_have() {
        let line = request(3, "a\nb", "{\n \"x\": \"\\n\",\r\n \"y\": 1}");
        let text = String::from_utf8(line).unwrap();
        assert_eq!(
            text,
            "{\"id\":3,\"cmd\":\"a\\nb\",\"params\":{  \"x\": \"\\n\",   \"y\": 1}}\n"
        );
    }
}
