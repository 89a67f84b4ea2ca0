//! From Python 3.12 on: a tool of `sys.monitoring`, which `support/steps.py` keeps.

use crate::interpreter::Interpreter;
use crate::object::Attached;
use crate::scope;

pub fn place_of(_: Attached<'_>, interpreter: &Interpreter, _: u64) -> Option<usize> {
    Some(interpreter.address())
}

/// Starts watching. It may be called again.
pub fn watch(attached: Attached<'_>, _: usize) {
    let done = scope::call(attached, c"watch_steps", &[]);
    done.map_or_else(|raised| attached.clear(raised), drop);
}

/// Stops watching. The place is the attached interpreter.
pub fn unwatch(attached: Attached<'_>, _: usize) {
    let done = scope::call(attached, c"unwatch_steps", &[]);
    done.map_or_else(|raised| attached.clear(raised), drop);
}
