//! What CPython keeps for the whole process though it belongs to an interpreter: the main interpreter,
//! which never ends, takes it first, so that no other one leaves it dangling when it ends.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::interpreter;
use super::object::{Attached, Obj, Raised};
use super::{report, scope};

/// A module, and the function of `support/priming.py` that the main interpreter runs before another one
/// imports it.
struct Row {
    module: &'static str,
    function: &'static CStr,
    /// Whether it is run before each such import, and not only before the first.
    each_time: bool,
}

const ROWS: &[Row] = &[
    // `datetime.strptime` keeps the module `_strptime` of whoever calls it first.
    #[cfg(not(Py_3_13))]
    Row { module: "_datetime", function: c"prime_dates", each_time: false },
    // Each import puts a number into a static type, and the cache of attributes keeps a pointer to the
    // one before, which must not go.
    #[cfg(not(Py_3_12))]
    Row { module: "_multiprocessing", function: c"prime_semaphores", each_time: true },
];

/// The same for what must not wait for an import: the decoder of `\N{}` imports and keeps at once, up to
/// 3.11.
const AT_START: &[&CStr] =
    if cfg!(Py_3_12) { &[] } else { &[c"b'\\\\N{DIGIT ONE}'.decode('unicode_escape')"] };

/// At Python's start, in the main interpreter.
pub fn at_start(attached: Attached<'_>) {
    for source in AT_START {
        tell(attached, source, attached.run(source));
    }
}

/// Rows that were run, a bit each.
static DONE: AtomicU32 = AtomicU32::new(0);

/// Before a module is imported in the attached interpreter.
pub fn before_import(attached: Attached<'_>, module: &str) {
    let Some(index) = ROWS.iter().position(|row| row.module == module) else { return };
    let (row, bit) = (&ROWS[index], 1 << index);
    if row.each_time || DONE.load(Ordering::Acquire) & bit == 0 {
        interpreter::detached(attached, || {
            let entered = interpreter::main().enter();
            let main = entered.attached();
            tell(main, row.function, scope::call(main, row.function, &[]));
        });
        // Two threads may both run it, with the same result.
        DONE.fetch_or(bit, Ordering::Release);
    }
}

fn tell(attached: Attached<'_>, what: &CStr, result: Result<Obj, Raised>) {
    if let Err(raised) = result {
        report::log(attached, raised, "", &format!("running {}", what.to_string_lossy()));
    }
}
