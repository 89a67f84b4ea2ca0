//! Settings from the environment of the hub.

use std::time::Duration;

/// A time in seconds, with a fraction. What is no number is told and the default used.
pub fn seconds(name: &str, default: Duration) -> Duration {
    let Ok(text) = std::env::var(name) else { return default };
    match text.trim().parse().map(Duration::try_from_secs_f64) {
        Ok(Ok(time)) => time,
        _ if text.trim().is_empty() => default,
        _ => {
            tracing::error!(
                "the environment variable {name} is {text:?}, which is no number of seconds; {} \
                 is used",
                default.as_secs_f64()
            );
            default
        }
    }
}
