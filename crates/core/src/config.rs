//! Settings from the environment of the hub.

use std::ffi::OsString;
use std::time::Duration;

/// The value of a variable; None when it is not set or empty. The error names a value that is not UTF-8.
pub fn text(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let wrong = |value: OsString| {
        format!("the environment variable {name} is {value:?}, which is not UTF-8")
    };
    value.into_string().map(Some).map_err(wrong)
}

/// The same, but a value that is not UTF-8 counts as not set, and the log says so.
pub fn text_or_told(name: &str) -> Option<String> {
    text(name).unwrap_or_else(|reason| {
        tracing::error!("{reason}; it is taken as not set");
        None
    })
}

/// Reads a variable that turns something on or off. For any other value the log says so, and the default is
/// used.
pub fn switch(name: &str, default: bool) -> bool {
    let Some(text) = text_or_told(name) else { return default };
    parse_switch(&text).unwrap_or_else(|| {
        if !text.trim().is_empty() {
            let used = if default { "on" } else { "off" };
            tracing::warn!(
                "the environment variable {name} is {text:?}, which is neither 1 nor 0; it stays {used}"
            );
        }
        default
    })
}

/// Reads yes or no in the ways people write them.
pub fn parse_switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => Some(true),
        "0" | "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// Reads a number of seconds, which may have a fraction.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// Reads a variable that is a number, not negative. For any other value the log says so, and the default is
/// used.
pub fn number(name: &str, default: f64) -> f64 {
    let Some(text) = text_or_told(name) else { return default };
    match text.trim().parse() {
        Ok(number) if (0.0..1e9).contains(&number) => number,
        _ if text.trim().is_empty() => default,
        _ => {
            tracing::warn!(
                "the environment variable {name} is {text:?}, which is no number from 0 on; {default} \
                 is used"
            );
            default
        }
    }
}

/// Reads a variable that is a time in seconds, which may have a fraction. For any other value the log says
/// so, and the default is used.
pub fn seconds(name: &str, default: Duration) -> Duration {
    let Some(text) = text_or_told(name) else { return default };
    match parse_seconds(&text) {
        Some(time) => time,
        None if text.trim().is_empty() => default,
        None => {
            tracing::warn!(
                "the environment variable {name} is {text:?}, which is no number of seconds; {} \
                 is used",
                default.as_secs_f64()
            );
            default
        }
    }
}
