//! Functions of the host that scripts call: those in the callback table and those registered at run time.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::native::{HostFunction, OwningFunction};
use crate::targs::{Block, HostResult, View};
use vh_core::error::Error;

/// A function the host registered for a script.
#[derive(Clone, Debug)]
pub enum Function {
    /// From `w_RegisterFunction`: it takes whatever arguments a script passes.
    Plain(HostFunction),
    /// From `w_RegisterFunctionEx`: it has data of its own, and may have a format for its arguments.
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
    #[inline]
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
/// A function that has data of its own gives it back to the host when it is dropped. So nothing is dropped
/// while the lock is held, a leaf lock: functions are taken out first and dropped afterwards.
#[derive(Default, Debug)]
pub struct Registered(Mutex<HashMap<Vec<u8>, Function>>);

impl Registered {
    /// The function of this name.
    pub fn find(&self, name: &[u8]) -> Option<Function> {
        self.0.lock().get(name).cloned()
    }

    /// Drops all functions. The interpreter must be left and no lock of ours held.
    pub fn clear(&self) {
        let functions = std::mem::take(&mut *self.0.lock());
        drop(functions);
    }

    /// Offers a function under a name, instead of the one that had it before. The interpreter must be left
    /// and no lock of ours held.
    pub fn insert(&self, name: &[u8], function: Function) {
        let replaced = self.0.lock().insert(name.to_vec(), function);
        drop(replaced);
    }

    /// Takes a function back; false when there is none. The interpreter must be left and no lock of ours
    /// held.
    pub fn remove(&self, name: &[u8]) -> bool {
        let removed = self.0.lock().remove(name);
        removed.is_some()
    }
}

/// What a host function answered, with the arguments, for the answer may be made of those.
#[derive(Debug)]
pub struct Answer {
    result: Option<HostResult>,
    failure: Option<Error>,
    args: Block,
}

/// Calls a host function. The interpreter must be left and no lock of ours held.
#[inline]
pub fn call(function: HostFunction, script: i32, args: Block) -> Answer {
    Answer { result: function.call(script, &args), failure: None, args }
}

impl Answer {
    /// The result, if it is not NULL.
    pub fn view(&self) -> Option<Result<View<'_>, Error>> {
        self.result.as_ref().map(HostResult::view)
    }

    /// Why there is no result, for functions that tell.
    pub fn failure(&self) -> Option<&Error> {
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
    #[inline]
    fn drop(&mut self) {
        if let Some(result) = self.result.take() {
            result.release(&self.args);
        }
    }
}
