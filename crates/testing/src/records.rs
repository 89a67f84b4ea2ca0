//! What is logged, without a log.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Runs `body`, and gives with its result what it logs on this thread: a line for each record, which begins
/// with the level.
pub fn told<T>(body: impl FnOnce() -> T) -> (T, String) {
    let lines = Arc::default();
    let result = tracing::subscriber::with_default(Recorder(Arc::clone(&lines)), body);
    let told = std::mem::take(&mut *lines.lock().expect("no record panics"));
    (result, told)
}

struct Recorder(Arc<Mutex<String>>);

impl Subscriber for Recorder {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut Fields(&mut line));
        line.push('\n');
        self.0.lock().expect("no record panics").push_str(&line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Appends the message, and other fields with their names.
struct Fields<'l>(&'l mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.expect("a String takes everything");
    }
}
