//! The log: `tracing` events, printed as the old library printed, on standard output.
//!
//! One event is one write, so that lines of several threads never mix. `w_LogLevel` sets how much
//! is shown; the C numbers are mapped to tracing's levels in one place, [`LEVELS`].

use std::fmt::{self, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// What `w_LogLevel` shows: 0 errors and warnings, 1 also hooks and results, 2 also their
/// parameters, from 3 on also calls to the hub and the life of interpreters.
const LEVELS: [LevelFilter; 4] =
    [LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE];

static LEVEL: AtomicUsize = AtomicUsize::new(0);

/// Starts logging; later calls do nothing.
#[inline]
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Printer);
        // Only another subscriber of this very library could be in the way, and there is none.
        let _ = tracing::subscriber::set_global_default(subscriber);
        crate::abi::boundary::silence_panic_output();
    });
}

/// `w_LogLevel`.
pub fn set_level(level: i32) {
    let level = usize::try_from(level).unwrap_or(0).min(LEVELS.len() - 1);
    LEVEL.store(level, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

fn shown() -> LevelFilter {
    LEVELS[LEVEL.load(Ordering::Relaxed)]
}

/// A value of the host or a script for a message: in quotes, and cut when it is long.
pub fn quoted(text: &[u8]) -> String {
    const LONGEST: usize = 200;
    if text.len() <= LONGEST {
        return format!("{:?}", String::from_utf8_lossy(text));
    }
    format!("{:?}… ({} bytes)", String::from_utf8_lossy(&text[..LONGEST]), text.len())
}

struct Printer;

impl<S: Subscriber> Layer<S> for Printer {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= shown()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(shown())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        print(&line.finish());
    }
}

/// Collects an event's parts: `script` is the `id:name` of the script it is about.
#[derive(Default)]
struct Line {
    script: String,
    message: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let part = match field.name() {
            "message" => &mut self.message,
            "script" => &mut self.script,
            _ => return,
        };
        // Writing to a String cannot fail.
        let _ = write!(part, "{value:?}");
    }
}

impl Line {
    fn finish(self) -> String {
        let message = self.message.trim_end();
        match self.script.as_str() {
            "" => format!("PY: {message}\n"),
            script => format!("PY: [{script}] {message}\n"),
        }
    }
}

/// Writes to the process's standard output, behind what the host's `printf` still holds.
fn print(line: &str) {
    crate::abi::host::flush_standard_output();
    let mut rest = line.as_bytes();
    while !rest.is_empty() {
        match crate::abi::host::write_standard_output(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // Standard output is closed or full: there is nowhere left to say so.
            Err(_) => return,
        }
    }
}
