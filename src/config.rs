//! Settings from the environment of the hub.

use std::time::Duration;

/// A number of seconds, with or without a fraction.
pub fn parse_seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A time in seconds, with a fraction. What is no number is told and the default used.
pub fn seconds(name: &str, default: Duration) -> Duration {
    let Ok(text) = std::env::var(name) else { return default };
    match parse_seconds(&text) {
        Some(time) => time,
        None if text.trim().is_empty() => default,
        None => {
            tracing::error!(
                "the environment variable {name} is {text:?}, which is no number of seconds; {} \
                 is used",
                default.as_secs_f64()
            );
            default
        }
    }
}
