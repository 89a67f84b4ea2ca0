//! From 3.12 on: a tool of `sys.monitoring`, kept by `support/steps.py`.

use crate::python::interpreter::Interpreter;
use crate::python::object::Attached;
use crate::python::scope;

pub fn place_of(_: Attached<'_>, interpreter: &Interpreter, _: u64) -> Option<usize> {
    Some(interpreter.address())
}

/// May be called again.
pub fn watch(attached: Attached<'_>, _: usize) {
    let done = scope::call(attached, c"watch_steps", &[]);
    done.map_or_else(|raised| attached.clear(raised), drop);
}

/// The place is the attached interpreter.
pub fn unwatch(attached: Attached<'_>, _: usize) {
    let done = scope::call(attached, c"unwatch_steps", &[]);
    done.map_or_else(|raised| attached.clear(raised), drop);
}
