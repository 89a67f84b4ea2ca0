//! The log: `tracing` events, printed as the old library printed, on standard output.
//!
//! One event is one write, so that lines of several threads never mix; `plain` says what may be in it.
//! `w_LogLevel` sets how much is shown; only `LEVELS` says which of tracing's levels its numbers mean. For
//! the parts of the library that `VH_PYTHON_LOG` names, that decides instead. A host may take the records
//! itself; `delivery` hands them over.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once, OnceLock};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::config;
use crate::panics::{self, strike};

mod delivery;
pub mod plain;
pub mod secrets;
pub mod stream;
#[cfg(test)]
pub(crate) mod tests;

pub use delivery::flush;

/// What each number of `w_LogLevel` shows of the library: 0 what failed; 1 also values that make no sense and
/// are ignored; 2 also loads, unloads and calls to the hub; from 3 on also calls of hooks and functions.
const LEVELS: Levels =
    [LevelFilter::ERROR, LevelFilter::WARN, LevelFilter::DEBUG, LevelFilter::TRACE];

/// The same for what scripts log. More of it is shown, because their authors chose the levels.
const LEVELS_OF_SCRIPTS: Levels =
    [LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE];

type Levels = [LevelFilter; 4];

/// The target of what scripts log.
const SCRIPT: &str = "script";

/// The level. Hubs set 1 unless they are told otherwise.
static LEVEL: AtomicUsize = AtomicUsize::new(1);

/// What `VH_PYTHON_LOG` says, such as `vh_python_wrapper::python=debug,script=off`.
static FILTER: OnceLock<Targets> = OnceLock::new();

/// Starts logging; later calls do nothing.
#[inline]
pub fn install() {
    static INSTALLED: Once = Once::new();
    // After a panic in it the next call tries again.
    INSTALLED.call_once_force(|_| {
        panics::install_hook();
        strike!("starting the log");
        let subscriber = tracing_subscriber::registry().with(Printer);
        // This fails only when the library has set a subscriber before, and it never has.
        let _ = tracing::subscriber::set_global_default(subscriber);
        read_filter();
    });
}

/// `w_LogLevel`.
pub fn set_level(level: i32) {
    let level = usize::try_from(level).unwrap_or(0).min(LEVELS.len() - 1);
    LEVEL.store(level, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

/// A function of the host that takes the records of the log.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Takes a record. No interpreter is attached and no lock of ours is held. The error is the text of the
    /// C++ exception that the function threw.
    fn take(&self, level: i32, script: i32, text: &str) -> Result<(), String>;
}

/// `w_SetLogSink`.
pub fn set_sink(sink: Option<Arc<dyn Sink>>) {
    delivery::set_sink(sink);
}

fn read_filter() {
    const NAME: &str = "VH_PYTHON_LOG";
    let Some(text) = config::text_or_told(NAME) else { return };
    let (filter, strange) = parse_filter(&text);
    for part in strange {
        tracing::error!(
            "the environment variable {NAME} says {part:?}, which is ignored: write a level, or NAME=LEVEL \
             with the name script, or that of a part of the library such as \
             vh_python_wrapper::python, and one of the levels off, error, warn, info, debug, trace"
        );
    }
    if let Some(filter) = filter {
        // Only this place sets it, once.
        let _ = FILTER.set(filter);
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Reads a list such as `vh_python_wrapper::python=debug,script=off`. Also gives the parts that it does not
/// understand.
fn parse_filter(text: &str) -> (Option<Targets>, Vec<&str>) {
    let (mut filter, mut strange) = (None, Vec::new());
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, level) = match part.split_once('=') {
            Some((name, level)) => (Some(name.trim()), level.trim()),
            // A name without a level shows everything of that part.
            None if is_name(part) => (Some(part), "trace"),
            None => (None, part),
        };
        let known = name.is_none_or(is_name) && !level.is_empty();
        match (level.parse::<LevelFilter>(), name) {
            (Ok(level), name) if known => {
                let filter = filter.get_or_insert_with(Targets::new);
                *filter = match name {
                    Some(name) => with_part(std::mem::take(filter), name, level),
                    None => std::mem::take(filter).with_default(level),
                };
            }
            _ => strange.push(part),
        }
    }
    (filter, strange)
}

/// What the parts of the library are called, with the crates that they are. Other parts are modules of `REST`.
const LIBRARY: &str = "vh_python_wrapper";
const PARTS: [(&str, &str); 3] =
    [("::python", "vh_cpython"), ("::guard", "vh_guard"), ("::scripts", "vh_scripts")];
const REST: [&str; 3] = [LIBRARY, "vh_core", "vh_host"];

/// The filter with a level for a part of the library, or for scripts.
fn with_part(filter: Targets, name: &str, level: LevelFilter) -> Targets {
    let with = |filter: Targets, target: String| filter.with_target(target, level);
    let Some(path) = name.strip_prefix(LIBRARY) else { return filter.with_target(name, level) };
    let in_rest = REST.map(|name| format!("{name}{path}")).into_iter();
    if path.is_empty() {
        let parts = PARTS.iter().map(|&(_, name)| name.to_owned());
        return in_rest.chain(parts).fold(filter, with);
    }
    let inner_of =
        |part| path.strip_prefix(part).filter(|inner| format!("{inner}::").starts_with("::"));
    match PARTS.iter().find_map(|&(part, name)| Some((name, inner_of(part)?))) {
        Some((name, inner)) => with(filter, format!("{name}{inner}")),
        None => in_rest.fold(filter, with),
    }
}

/// Whether records may come from a part of this name.
fn is_name(name: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "_:".contains(character);
    let path = name.strip_prefix(LIBRARY);
    name == SCRIPT
        || path.is_some_and(|path| path.is_empty() || path.starts_with("::"))
            && name.chars().all(is_word)
}

/// The levels for records from there.
fn levels_of(target: &str) -> &'static Levels {
    if target == SCRIPT { &LEVELS_OF_SCRIPTS } else { &LEVELS }
}

fn shown_of(levels: &Levels) -> LevelFilter {
    levels[LEVEL.load(Ordering::Relaxed)]
}

/// Whether an event is shown. If the filter names its target, the filter decides, otherwise the level.
fn is_shown(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    match FILTER.get() {
        Some(filter) if names(filter, target) => filter.would_enable(target, metadata.level()),
        _ => *metadata.level() <= shown_of(levels_of(target)),
    }
}

fn names(filter: &Targets, target: &str) -> bool {
    filter.default_level().is_some() || filter.iter().any(|(prefix, _)| target.starts_with(prefix))
}

/// The highest level that is shown of any target.
fn most() -> LevelFilter {
    let filter = FILTER.get();
    let named = filter.into_iter().flat_map(|filter| filter.iter().map(|(_, level)| level));
    let everything = filter.and_then(Targets::default_level);
    let shown = shown_of(&LEVELS).max(shown_of(&LEVELS_OF_SCRIPTS));
    named.chain(everything).fold(shown, |most, level| most.max(level))
}

/// The lowest number of `w_LogLevel` that shows such an event.
fn c_level(metadata: &Metadata<'_>) -> i32 {
    let levels = levels_of(metadata.target());
    let number = levels.iter().position(|shown| metadata.level() <= shown);
    number.unwrap_or(levels.len()) as i32
}

struct Printer;

impl<S: Subscriber> Layer<S> for Printer {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_shown(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        strike!("writing to the log");
        let mut line = Line::default();
        event.record(&mut line);
        if let Err(record) = delivery::post(line.finish(c_level(event.metadata()))) {
            record.print();
        }
    }
}

/// An event as it is logged.
#[derive(Debug)]
struct Record {
    level: i32,
    /// `id:name` of the script it is about; empty for none.
    script: String,
    message: String,
}

impl Record {
    /// The record which says that so many records were dropped because the sink was too slow.
    fn of_dropped(count: u64) -> Record {
        let message = format!(
            "{count} records of the log were dropped, because the host's log sink is too slow"
        );
        Record { level: 0, script: String::new(), message }
    }

    /// The id of the script; -1 when it is about none.
    fn script_id(&self) -> i32 {
        self.script.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(-1)
    }

    fn print(&self) {
        let message = &self.message;
        match self.script.as_str() {
            "" => stream::write_record(&format!("PY: {message}\n")),
            script => stream::write_record(&format!("PY: [{script}] {message}\n")),
        }
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
    fn finish(self, level: i32) -> Record {
        Record { level, script: plain::line(&self.script), message: plain::block(&self.message) }
    }
}
