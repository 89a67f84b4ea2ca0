//! Things that CPython keeps for the whole process although they belong to one interpreter. The main
//! interpreter, which never ends, takes each of them first, so that no other interpreter leaves it dangling
//! when it ends.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::interpreter;
use super::object::{Attached, Obj, Raised};
use super::{report, scope};

/// A module, and the function of `support/priming.py` that the main interpreter runs before another
/// interpreter imports the module.
struct Row {
    module: &'static str,
    function: &'static CStr,
    /// Whether the function is run before each such import, and not only before the first.
    each_time: bool,
}

const ROWS: &[Row] = &[
    // `datetime.strptime` keeps the module `_strptime` of the interpreter that calls it first.
    #[cfg(not(Py_3_13))]
    Row { module: "_datetime", function: c"prime_dates", each_time: false },
    // Each import puts a number object into a static type, and the cache of attributes keeps a pointer to the
    // previous one, which must not be freed.
    #[cfg(not(Py_3_12))]
    Row { module: "_multiprocessing", function: c"prime_semaphores", each_time: true },
];

/// Functions that are run at the start, because they cannot wait for an import: up to 3.11 the decoder of
/// `\N{}` imports a module itself and keeps it at once.
const AT_START: &[&CStr] =
    if cfg!(Py_3_12) { &[] } else { &[c"b'\\\\N{DIGIT ONE}'.decode('unicode_escape')"] };

/// Takes what cannot wait. To be called at Python's start, in the main interpreter.
pub fn at_start(attached: Attached<'_>) {
    for source in AT_START {
        tell(attached, source, attached.run(source));
    }
}

/// A bit for each row that was run.
static DONE: AtomicU32 = AtomicU32::new(0);

/// To be called before a module is imported in the attached interpreter.
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
