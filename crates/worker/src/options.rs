//! How a back end is started: what its host may say.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use vh_core::error::{Code, Error};

/// How long a call may take unless its host says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What a host may say.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Python that runs it.
    pub python: OsString,
    /// What is added to the environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory, if not that of the host.
    pub folder: Option<PathBuf>,
    /// How long a call may take that does not say it itself.
    pub timeout: Duration,
    /// Parameters of code that is executed, as the JSON text of an object.
    pub params: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            python: "python3".into(),
            environment: Vec::new(),
            folder: None,
            timeout: TIMEOUT,
            params: None,
        }
    }
}

/// The options as JSON; times are milliseconds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    python_path: Option<String>,
    #[serde(default)]
    env: std::collections::BTreeMap<String, String>,
    cwd: Option<String>,
    timeout: Option<f64>,
    params: Option<Box<RawValue>>,
}

impl Options {
    /// Reads the JSON text of an object with any of `python_path`, `env`, `cwd`, `timeout` (milliseconds) and
    /// `params`. An empty text is as good as an empty object.
    pub fn from_json(text: &str) -> Result<Options, Error> {
        let text = if text.trim().is_empty() { "{}" } else { text };
        let wrong = |reason: String| Error::new(Code::Invalid, format!("the options: {reason}"));
        let given: Given = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let default = Options::default();
        let timeout = match given.timeout {
            None => default.timeout,
            Some(milliseconds) => Duration::try_from_secs_f64(milliseconds / 1000.0)
                .map_err(|_| wrong(format!("timeout {milliseconds} is no time")))?,
        };
        Ok(Options {
            python: given.python_path.map_or(default.python, OsString::from),
            environment: given.env.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
            folder: given.cwd.map(PathBuf::from),
            timeout,
            params: given.params.map(|params| params.get().to_owned()),
        })
    }
}

/// Checks that a text is the JSON of an object, such as the parameters of a call are; an empty text is the empty
/// object.
pub fn object(text: &str, what: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return Ok("{}".to_owned());
    }
    let wrong = |reason: String| Error::new(Code::Invalid, format!("{what}: {reason}"));
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| wrong(error.to_string()))?;
    if !text.starts_with('{') {
        return Err(wrong("they must be an object, with a name for each".to_owned()));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_default() {
        for text in ["", "  ", "{}"] {
            let options = Options::from_json(text).unwrap();
            assert_eq!((options.python, options.timeout), ("python3".into(), TIMEOUT));
        }
    }

    #[test]
    fn all_can_be_said() {
        let text = r#"{"python_path":"/usr/bin/python3.8","env":{"A":"b"},"cwd":"/tmp","timeout":1.5,"params":{"x":1}}"#;
        let options = Options::from_json(text).unwrap();
        assert_eq!(options.python, "/usr/bin/python3.8");
        assert_eq!(options.environment, [("A".into(), "b".into())]);
        assert_eq!(options.folder, Some("/tmp".into()));
        assert_eq!(options.timeout, Duration::from_micros(1500));
        assert_eq!(options.params.unwrap(), r#"{"x":1}"#);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            (r#"{"pythonpath":"x"}"#, "pythonpath"),
            (r#"{"timeout":-1}"#, "-1"),
            (r#"{"env":{"A":1}}"#, "string"),
            ("[", "EOF"),
        ] {
            let error = Options::from_json(text).unwrap_err();
            assert_eq!(error.code(), Code::Invalid);
            assert!(error.message().contains(why), "{}", error.message());
        }
    }

    #[test]
    fn parameters_are_an_object() {
        assert_eq!(object("", "x").unwrap(), "{}");
        assert_eq!(object("null", "x").unwrap(), "{}");
        assert_eq!(object(" {\"a\": 1} ", "x").unwrap(), "{\"a\": 1}");
        for text in ["[1]", "{\"a\": NaN}", "{", "1"] {
            assert_eq!(object(text, "x").unwrap_err().code(), Code::Invalid, "{text}");
        }
    }
}
