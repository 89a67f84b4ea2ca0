//! What the child tells of exceptions, and why a call has no answer: counted and logged as those of other scripts
//! are.

use serde::Deserialize;
use vh_core::error::{Code, Error, Exception};
use vh_guard::raised::{self, Raised};
use vh_guard::script::ScriptInfo;

use super::{Call, Failure};

/// An exception of a script.
#[derive(Debug, Deserialize)]
pub struct Told {
    #[serde(flatten)]
    raised: Raised,
    /// What there is to say besides.
    advice: String,
    /// What ran, if nobody waits for that.
    #[serde(default)]
    r#where: String,
}

impl Told {
    /// Its class and text in one line.
    pub fn line(&self) -> &str {
        &self.raised.line
    }
}

/// Counts an exception for whose call nobody waits, and logs it unless it repeats one.
pub fn tell_of_event(script: &ScriptInfo, text: &str) {
    match serde_json::from_str::<Told>(text) {
        Ok(Told { raised, advice, r#where }) => raised.fails_outside(script, &r#where, || advice),
        Err(_) => {
            tracing::error!(script = %script.label, "an exception of it cannot be read: {text}");
        }
    }
}

/// Counts the failure of a call, and logs it unless it repeats one that was logged.
#[cold]
pub fn failed(call: &Call, failure: Failure, place: &str) -> Error {
    let label = &call.script().label;
    match failure {
        Failure::Raised(told) => {
            let Told { raised, advice, .. } = *told;
            raised.fails(call, place, || advice)
        }
        Failure::Late => {
            let message = raised::interrupted(call, None);
            call.was_interrupted("TimeoutError".to_owned());
            let exception = Exception { kind: "TimeoutError".to_owned(), traceback: String::new() };
            Error::new(Code::Timeout, message).about(label).with_exception(exception).told()
        }
        Failure::Gone(error) => {
            let message = format!("{place} has no answer: {}", error.message());
            let error = Error::new(error.code(), message).about(label);
            let is_new = call.has_failed(error.message().to_owned(), "its process");
            if is_new { error.tell() } else { error.told() }
        }
    }
}

/// Does the same where nobody wants the error.
pub fn tell_failure<T>(call: &Call, result: Result<T, Failure>, place: &str) {
    if let Err(failure) = result {
        // It has been logged.
        let _ = failed(call, failure, place);
    }
}
