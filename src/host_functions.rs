//! Functions of the host that scripts call: those of the callback table and those registered at
//! run time.

use std::collections::HashMap;
use std::ffi::{c_char, c_int};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::abi::host::{self, HostFailure, HostFunction, OwningFunction};
use crate::abi::types::w_Tcallback;
use crate::last_error::{self, Code, Error};
use crate::log::plain;
use crate::scripts;
use crate::targs::{self, Block, HostResult, Malformed, View};

/// A function the host registered for a script.
#[derive(Clone, Debug)]
pub enum Function {
    /// It takes what comes; by `w_RegisterFunction`.
    Plain(HostFunction),
    /// It has data of its own, and may say what it takes; by `w_RegisterFunctionEx`.
    Owning(Arc<OwningFunction>, Option<Arc<[u8]>>),
}

impl Function {
    /// The format of its arguments, when it has one.
    pub fn format(&self) -> Option<&[u8]> {
        match self {
            Function::Plain(_) => None,
            Function::Owning(_, format) => format.as_deref(),
        }
    }

    /// Calls it. The interpreter must be left and no lock of ours held, also because this may be
    /// the last use of a function that was taken back.
    pub fn call(self, script: i32, args: Block) -> Answer {
        match self {
            Function::Plain(function) => call(function, script, args),
            Function::Owning(function, _) => {
                let (result, failure) = match function.call(script, &args) {
                    Ok(result) => (Some(result), None),
                    Err(failure) => (None, Some(failure)),
                };
                Answer { result, failure, args }
            }
        }
    }
}

/// Functions the host registered for one script, by name.
///
/// One that has data of its own gives it back to the host when it is dropped, so nothing is taken
/// out of the map while a lock is held.
#[derive(Default, Debug)]
pub struct Registered(Mutex<HashMap<Vec<u8>, Function>>);

impl Registered {
    /// The function of this name.
    pub fn find(&self, name: &[u8]) -> Option<Function> {
        self.0.lock().get(name).cloned()
    }

    /// Lets go of all functions. The interpreter must be left and no lock of ours held.
    pub fn clear(&self) {
        let functions = std::mem::take(&mut *self.0.lock());
        drop(functions);
    }

    fn insert(&self, name: &[u8], function: Function) {
        let replaced = self.0.lock().insert(name.to_vec(), function);
        drop(replaced);
    }

    fn remove(&self, name: &[u8]) -> bool {
        let removed = self.0.lock().remove(name);
        removed.is_some()
    }
}

/// `w_RegisterFunction`. False for an unknown id, a NULL or empty name, or a NULL function.
///
/// # Safety
/// `name` is NULL or a C string; `function` stays callable until it is unregistered or the script
/// is unloaded.
pub unsafe fn register(id: c_int, name: *const c_char, function: w_Tcallback) -> bool {
    // SAFETY: by contract.
    let (name, function) = unsafe { (host::bytes(name), HostFunction::new(function)) };
    add("w_RegisterFunction", id, name, function.map(Function::Plain))
}

/// `w_RegisterFunctionEx`. False as `register`, and for a format with unknown letters; the function
/// is dropped then.
///
/// # Safety
/// `name` and `format` are NULL or C strings.
pub unsafe fn register_owning(
    id: c_int,
    name: *const c_char,
    format: *const c_char,
    function: Option<OwningFunction>,
) -> bool {
    const PLACE: &str = "w_RegisterFunctionEx";
    // SAFETY: by contract.
    let (name, format) = unsafe { (host::bytes(name), host::bytes(format)) };
    if let Some(format) = format.filter(|format| !format.iter().copied().all(targs::is_letter)) {
        let format = plain::quoted(format);
        let message =
            format!("{PLACE} for script {id}: {format} has a letter that is none of lsdpLDO");
        last_error::fail(Code::Invalid, "", message);
        return false;
    }
    let owning = |function| Function::Owning(Arc::new(function), format.map(Arc::from));
    add(PLACE, id, name, function.map(owning))
}

fn add(place: &str, id: c_int, name: Option<&[u8]>, function: Option<Function>) -> bool {
    let (Some(name), Some(function)) = (name.filter(|name| !name.is_empty()), function) else {
        let message = format!("{place} for script {id} was given no name or no function");
        last_error::fail(Code::Invalid, "", message);
        return false;
    };
    let Some(registered) = scripts::registered_functions(id) else {
        let message = format!("{place}({id}, {}): no script has this id", plain::quoted(name));
        last_error::fail(Code::NotFound, "", message);
        return false;
    };
    registered.insert(name, function);
    true
}

/// `w_UnregisterFunction`. False when the script has no function of that name.
///
/// # Safety
/// `name` is NULL or a C string.
pub unsafe fn unregister(id: c_int, name: *const c_char) -> bool {
    // SAFETY: by contract.
    let name = unsafe { host::bytes(name) }.unwrap_or_default();
    let removed =
        scripts::registered_functions(id).is_some_and(|registered| registered.remove(name));
    if !removed {
        let name = plain::quoted(name);
        let message = format!("w_UnregisterFunction({id}, {name}): there is no such function");
        last_error::set(Error { code: Code::NotFound, message, exception: None });
    }
    removed
}

/// What a host function answered, with the arguments it may have answered from.
#[derive(Debug)]
pub struct Answer {
    result: Option<HostResult>,
    failure: Option<HostFailure>,
    args: Block,
}

/// Calls a host function. The interpreter must be left and no lock of ours held.
pub fn call(function: HostFunction, script: i32, args: Block) -> Answer {
    Answer { result: function.call(script, &args), failure: None, args }
}

impl Answer {
    /// The result, if it is not NULL.
    pub fn view(&self) -> Option<Result<View<'_>, Malformed>> {
        self.result.as_ref().map(HostResult::view)
    }

    /// Why there is none, when the function is one that tells.
    pub fn failure(&self) -> Option<&HostFailure> {
        self.failure.as_ref()
    }

    /// Some hubs put string literals into this result.
    pub fn expect_literals(&mut self) {
        if let Some(result) = &mut self.result {
            result.expect_literals();
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(result) = self.result.take() {
            result.release(&self.args);
        }
    }
}
