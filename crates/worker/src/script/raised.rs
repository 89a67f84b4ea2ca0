//! Exceptions that a script in a child raised: counted and logged as those of other scripts are.

use serde::Deserialize;
use vh_core::error::{Code, Error, Exception};
use vh_guard::script::ScriptInfo;

use super::{Call, Failure};

/// What the child tells of an exception.
#[derive(Debug, Deserialize)]
pub struct Raised {
    /// The name of its class.
    kind: String,
    /// Its text.
    message: String,
    /// What Python would print for it.
    traceback: String,
    /// Class and text in one line.
    line: String,
    /// Class, and the line of the script that raised it.
    place: String,
    /// Whether it is a SystemExit.
    exits: bool,
    /// What ran, if nobody waits for that.
    #[serde(default)]
    r#where: String,
}

impl Raised {
    fn log(&self, script: &ScriptInfo, place: &str) {
        let (script, traceback) = (script.label.as_str(), &self.traceback);
        if self.exits {
            tracing::error!(
                script,
                "{place} asked to exit (SystemExit); the hub goes on\n{traceback}"
            );
        } else {
            tracing::error!(script, "{place} raised an exception\n{traceback}");
        }
    }

    /// Its class and text in one line.
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// Counts an exception for whose call nobody waits, and logs it unless it repeats one.
pub fn tell_of_event(script: &ScriptInfo, text: &str) {
    let Ok(raised) = serde_json::from_str::<Raised>(text) else {
        return tracing::error!(script = %script.label, "an exception of it cannot be read: {text}");
    };
    let entry_point = script.entry_points.named(&raised.r#where);
    let is_new =
        entry_point.is_none_or(|entry| entry.has_failed(raised.line.clone(), &raised.place));
    if is_new {
        raised.log(script, &raised.r#where);
    }
}

/// Counts the failure of a call, and logs it unless it repeats one that was logged.
#[cold]
pub fn failed(call: &Call, failure: Failure, place: &str) -> Error {
    let script = call.script();
    match failure {
        Failure::Raised(raised) => {
            let is_late = call.ends_late();
            if is_late {
                call.was_interrupted(raised.line.clone());
            } else if call.has_failed(raised.line.clone(), &raised.place) {
                raised.log(script, place);
            }
            let code = if is_late { Code::Timeout } else { Code::Python };
            let message = match raised.message {
                // The exception that was sent to it has no text.
                text if is_late && text.is_empty() => {
                    let place = raised.place.split_once(" in ").map(|(_, place)| place);
                    interrupted(call, place)
                }
                text => text,
            };
            let exception = Exception { kind: raised.kind, traceback: raised.traceback };
            Error::new(code, message).about(&script.label).with_exception(exception).told()
        }
        Failure::Late => {
            let message = interrupted(call, None);
            call.was_interrupted("TimeoutError".to_owned());
            let exception = Exception { kind: "TimeoutError".to_owned(), traceback: String::new() };
            Error::new(Code::Timeout, message).about(&script.label).with_exception(exception).told()
        }
        Failure::Gone(error) => {
            let message = format!("{place} has no answer: {}", error.message());
            let error = Error::new(error.code(), message).about(&script.label);
            let is_new = call.has_failed(error.message().to_owned(), "its process");
            if is_new { error.tell() } else { error.told() }
        }
    }
}

/// The text for a call that was interrupted.
fn interrupted(call: &Call, place: Option<&str>) -> String {
    let entry_point = call.entry_point();
    let limit = entry_point.deadline().unwrap_or_default().as_secs_f64();
    let place = place.map(|place| format!(" in {place}")).unwrap_or_default();
    format!("{} took longer than its {limit} s and was interrupted{place}", entry_point.name())
}

/// Does the same where nobody wants the error.
pub fn tell_failure<T>(call: &Call, result: Result<T, Failure>, place: &str) {
    if let Err(failure) = result {
        // It has been logged.
        let _ = failed(call, failure, place);
    }
}
