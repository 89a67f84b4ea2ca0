//! Settings from the environment of the hub.

use std::ffi::OsString;
use std::time::Duration;

/// What a variable says, if it is there and not empty; the bytes of what is not UTF-8 in the error.
pub fn text(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let wrong = |value: OsString| {
        format!("the environment variable {name} is {value:?}, which is not UTF-8")
    };
    value.into_string().map(Some).map_err(wrong)
}

/// The same where a default is used for what is not UTF-8.
pub fn text_or_told(name: &str) -> Option<String> {
    text(name).unwrap_or_else(|reason| {
        tracing::error!("{reason}; it is taken as not set");
        None
    })
}

/// Whether something is on or off. What is neither is told and the default used.
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

/// Yes or no, in one of the ways people write it.
pub fn parse_switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "on" | "yes" | "true" => Some(true),
        "0" | "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

/// A number of seconds, with or without a fraction.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A number that is not negative. What is none is told and the default used.
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

/// A time in seconds, with a fraction. What is no number is told and the default used.
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

/// The default of a setting as docs/configuration.md tells it to users, below the setting's heading.
#[cfg(test)]
pub fn documented(name: &str) -> f64 {
    let page = include_str!("../docs/configuration.md");
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(name));
    let section = section.unwrap_or_else(|| panic!("{name} has no heading"));
    let told =
        section.split_once("by default ").unwrap_or_else(|| panic!("no default: {section}")).1;
    let number = told.split_whitespace().next().unwrap_or_default().trim_end_matches('.');
    number.parse().unwrap_or_else(|_| panic!("no number is told: {section}"))
}
