//! What CPython keeps for the whole process though it belongs to an interpreter: the main interpreter,
//! which never ends, takes it first, so that no other one leaves it dangling when it ends.

use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::interpreter;
use super::object::Attached;
use super::report;

/// A module, and what the main interpreter runs before another one imports it.
struct Row {
    module: &'static str,
    source: &'static CStr,
    /// Whether it was run.
    done: AtomicBool,
}

/// `datetime.strptime` keeps the `_strptime` of whoever calls it first, up to 3.12.
#[cfg(not(Py_3_13))]
static ROWS: [Row; 1] = [Row {
    module: "_datetime",
    source: c"import _datetime; _datetime.datetime.strptime('1', '%S')",
    done: AtomicBool::new(false),
}];
#[cfg(Py_3_13)]
static ROWS: [Row; 0] = [];

/// The same for what must not wait for an import: the decoder of `\N{}` imports and keeps at once, up to
/// 3.11.
const AT_START: &[&CStr] =
    if cfg!(Py_3_12) { &[] } else { &[c"b'\\\\N{DIGIT ONE}'.decode('unicode_escape')"] };

/// At Python's start, in the main interpreter.
pub fn at_start(attached: Attached<'_>) {
    AT_START.iter().for_each(|source| run(attached, source));
}

/// Before a module is imported in the attached interpreter.
pub fn before_import(attached: Attached<'_>, module: &str) {
    let Some(row) = ROWS.iter().find(|row| row.module == module) else { return };
    if !row.done.load(Ordering::Acquire) {
        interpreter::detached(attached, || run(interpreter::main().enter().attached(), row.source));
        // Two threads may both run it, with the same result.
        row.done.store(true, Ordering::Release);
    }
}

fn run(attached: Attached<'_>, source: &CStr) {
    if let Err(raised) = attached.run(source) {
        report::log(attached, raised, "", &format!("running {}", source.to_string_lossy()));
    }
}
