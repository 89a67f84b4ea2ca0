//! Functions of the host that scripts call: those of the callback table and those registered at
//! run time.

use std::collections::HashMap;
use std::ffi::{c_char, c_int};

use parking_lot::Mutex;

use crate::abi::host::{self, HostFunction};
use crate::abi::types::w_Tcallback;
use crate::targs::{Block, HostResult, Malformed, View};
use crate::{log, scripts};

/// Functions the host registered for one script, by name.
#[derive(Default, Debug)]
pub struct Registered(Mutex<HashMap<Vec<u8>, HostFunction>>);

impl Registered {
    /// The function of this name.
    pub fn find(&self, name: &[u8]) -> Option<HostFunction> {
        self.0.lock().get(name).copied()
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
    let (Some(name), Some(function)) = (name.filter(|name| !name.is_empty()), function) else {
        tracing::error!("w_RegisterFunction for script {id} was given no name or no function");
        return false;
    };
    let Some(registered) = scripts::registered_functions(id) else {
        tracing::error!("w_RegisterFunction({id}, {}): no script has this id", log::quoted(name));
        return false;
    };
    registered.0.lock().insert(name.to_vec(), function);
    true
}

/// `w_UnregisterFunction`. False when the script has no function of that name.
///
/// # Safety
/// `name` is NULL or a C string.
pub unsafe fn unregister(id: c_int, name: *const c_char) -> bool {
    // SAFETY: by contract.
    let name = unsafe { host::bytes(name) };
    match (name, scripts::registered_functions(id)) {
        (Some(name), Some(registered)) => registered.0.lock().remove(name).is_some(),
        _ => false,
    }
}

/// What a host function answered, with the arguments it may have answered from.
#[derive(Debug)]
pub struct Answer {
    result: Option<HostResult>,
    args: Block,
}

/// Calls a host function. The interpreter must be left and no lock of ours held.
pub fn call(function: HostFunction, script: i32, args: Block) -> Answer {
    Answer { result: function.call(script, &args), args }
}

impl Answer {
    /// The result, if it is not NULL.
    pub fn view(&self) -> Option<Result<View<'_>, Malformed>> {
        self.result.as_ref().map(HostResult::view)
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
