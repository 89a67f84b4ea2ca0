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

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use vh_testing::{told, with_variable};

    const NAME: &str = "VH_PYTHON_TEST";

    /// What is read while the variable has this value, and what is logged.
    fn with<T>(value: &str, read: impl FnOnce() -> T) -> (T, String) {
        with_variable(NAME, value, || told(read))
    }

    fn quiet<T>(value: T) -> (T, String) {
        (value, String::new())
    }

    #[test]
    fn a_variable_without_a_value_is_not_set() {
        assert_eq!(text("VH_PYTHON_NO_SUCH_VARIABLE"), Ok(None));
        assert_eq!(with("", || text(NAME)), quiet(Ok(None)));
        assert_eq!(with("a", || text_or_told(NAME)), quiet(Some("a".to_owned())));
        let wrong = OsStr::from_bytes(b"a\xFF");
        let (found, told) = with_variable(NAME, wrong, || told(|| text_or_told(NAME)));
        assert_eq!(found, None);
        let line = "ERROR the environment variable VH_PYTHON_TEST is \"a\\xFF\", which is not UTF-8; it is \
                    taken as not set\n";
        assert_eq!(told, line);
    }

    #[test]
    fn a_switch_is_on_or_off() {
        assert!(switch("VH_PYTHON_NO_SUCH_VARIABLE", true));
        assert!(!switch("VH_PYTHON_NO_SUCH_VARIABLE", false));
        for default in [true, false] {
            for value in ["1", " ON ", "yes", "True"] {
                assert_eq!(with(value, || switch(NAME, default)), quiet(true), "{value}");
            }
            for value in ["0", "off", "No", "false"] {
                assert_eq!(with(value, || switch(NAME, default)), quiet(false), "{value}");
            }
            assert_eq!(with(" ", || switch(NAME, default)), quiet(default));
            let (found, told) = with("2", || switch(NAME, default));
            let stays = if default { "on" } else { "off" };
            assert_eq!(found, default);
            assert!(
                told.ends_with(&format!("is \"2\", which is neither 1 nor 0; it stays {stays}\n"))
            );
        }
    }

    #[test]
    fn a_number_is_not_negative() {
        assert_eq!(number("VH_PYTHON_NO_SUCH_VARIABLE", 7.5), 7.5);
        for (value, expected) in
            [("0", 0.0), (" 2.5 ", 2.5), ("999999999", 999_999_999.0), (" ", 7.5)]
        {
            assert_eq!(with(value, || number(NAME, 7.5)), quiet(expected), "{value:?}");
        }
        for value in ["-1", "1e9", "NaN", "inf", "many"] {
            let (found, told) = with(value, || number(NAME, 7.5));
            assert_eq!(found, 7.5, "{value}");
            assert!(told.ends_with("which is no number from 0 on; 7.5 is used\n"), "{told}");
        }
    }

    #[test]
    fn a_time_may_have_a_fraction() {
        let default = Duration::from_millis(1500);
        assert_eq!(seconds("VH_PYTHON_NO_SUCH_VARIABLE", default), default);
        for (value, expected) in [("0", 0), (" 0.25 ", 250), ("3", 3000), (" ", 1500)] {
            let expected = Duration::from_millis(expected);
            assert_eq!(with(value, || seconds(NAME, default)), quiet(expected), "{value:?}");
        }
        for value in ["-1", "NaN", "1e30", "5 s"] {
            let (found, told) = with(value, || seconds(NAME, default));
            assert_eq!(found, default, "{value}");
            assert!(told.ends_with("which is no number of seconds; 1.5 is used\n"), "{told}");
        }
    }
}
