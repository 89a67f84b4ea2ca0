//! The `vh` module of a script, which is built from the callback table.
//!
//! Each function is a builtin whose `self` is a capsule that names the row and the script, so that one
//! generic body serves all of them. A sub-interpreter has only one script. In the main interpreter each
//! script gets a module of its own; the one in `sys.modules`, which modules that several scripts share
//! import, acts for the script that is being called.

use pyo3_ffi as ffi;
use pyo3_ffi::PyObject;

use super::object::{Attached, Exception, Obj, Raised};
use super::{report, scope};
use vh_guard::script::ScriptInfo;
use vh_host::host_queue;

mod arguments;
pub mod attributes;
mod binding;
mod calls;
pub mod constants;
mod module;
mod results;
mod sql;
mod table;
mod typed;

use binding::Binding;
use table::Function;

pub use module::{CREATE, of_interpreter, own_module};

/// The body of every function of the module.
///
/// # Safety
/// `capsule` is one of `bind`; `arguments` is a vector of `count` arguments followed by one for each
/// keyword.
#[inline]
unsafe fn vh_function<'a>(
    attached: Attached<'a>,
    capsule: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    keywords: *mut PyObject,
) -> Result<Obj<'a>, Raised> {
    // SAFETY: a capsule of `bind`, as the caller promises: its context is the binding, which lives as long. The
    // vector is the one that `Given::new` asks for, and Python keeps it until this returns.
    let (binding, given) = unsafe {
        // The context is read and not the pointer, because that would compare the capsule's name first.
        let binding = ffi::PyCapsule_GetContext(capsule).cast::<Binding>();
        (&*binding, arguments::Given::new(attached, arguments, count, keywords))
    };
    run(attached, binding, &given)
}

fn run<'a>(
    attached: Attached<'a>,
    binding: &Binding,
    given: &arguments::Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    match binding.function {
        Function::Callback(callback) => acting_for(attached, binding, |script| {
            calls::callback(attached, script, callback, given)
        }),
        Function::Sql(callback) => {
            acting_for(attached, binding, |script| sql::run(attached, script, callback, given))
        }
        Function::Quote => {
            acting_for(attached, binding, |script| sql::quote(attached, script, given))
        }
        Function::CallDynamic => {
            acting_for(attached, binding, |script| calls::dynamic(attached, script, given))
        }
        Function::Encode => calls::encode(given),
        Function::Decode => calls::decode(given),
        Function::Log => {
            acting_for(attached, binding, |script| calls::log(attached, script, given))
        }
        Function::Stats => calls::stats(attached, given),
    }
}

/// Runs `body` for the script for which the function acts. It is an error when that script is not loaded any
/// more.
#[inline]
fn acting_for<'a>(
    attached: Attached<'a>,
    binding: &Binding,
    call: impl FnOnce(&ScriptInfo) -> Result<Obj<'a>, Raised>,
) -> Result<Obj<'a>, Raised> {
    let running;
    let script = match &binding.script {
        Some(script) => Some(script),
        None => {
            running = scope::running_script(attached)?;
            running.as_ref()
        }
    };
    match script {
        Some(script) if !script.is_closed() => call(script),
        // This ends a thread of an unloaded script quietly.
        Some(_) => Err(report::raise(attached, &host_queue::script_is_gone(), "vh")),
        None => Err(attached.raise(Exception::Runtime, "this is no code of a script")),
    }
}
