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

/// What a script must pass for a letter of a format, for messages.
pub fn wanted(letter: u8) -> &'static str {
    match letter {
        b'l' => "int",
        b'd' => "float",
        b'p' => "int or None",
        b'L' => "list of str",
        _ => "str",
    }
}

/// The message for a number of arguments that does not fit a format.
pub fn wrong_count(name: &str, takes: usize, given: usize) -> String {
    format!("{name}() takes exactly {takes} arguments ({given} given)")
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

    /// The exception for which a function of this name asked: its class and its text.
    pub fn exception(&self, name: &str) -> Option<(&str, String)> {
        let failure = self.failure()?;
        let kind = failure.exception().map_or("RuntimeError", |exception| &exception.kind);
        let message = match failure.message() {
            "" => format!("{name}() failed"),
            message => message.to_owned(),
        };
        Some((kind, message))
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

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::targs::{Item, Piece, Storage, malloc_text};
    use crate::types::{w_Targs, w_Tfailure};

    /// How often functions with data of their own gave it back.
    static RELEASED: AtomicUsize = AtomicUsize::new(0);

    /// Answers with its arguments, or fails with the text "no" when there are none.
    unsafe extern "C" fn echo(
        _: *mut c_void,
        _: c_int,
        args: *mut w_Targs,
        failure: *mut w_Tfailure,
    ) -> *mut w_Targs {
        // SAFETY: the library passes a block, and a failure that may be written.
        unsafe {
            if View::new(args).unwrap().length() > 0 {
                return args;
            }
            (*failure).message = malloc_text(b"no");
            std::ptr::null_mut()
        }
    }

    unsafe extern "C" fn release(data: *mut c_void) {
        RELEASED.fetch_add(data as usize, Ordering::Relaxed);
    }

    /// A function that adds `data` to `RELEASED` when it goes.
    fn owning(data: usize, format: Option<&[u8]>) -> Function {
        // SAFETY: the data is only a number.
        let function =
            unsafe { OwningFunction::new(Some(echo), data as *mut c_void, Some(release)) };
        Function::Owning(Arc::new(function.unwrap()), format.map(Arc::from))
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn functions_are_found_by_name_until_they_are_taken_back() {
        let functions = Registered::default();
        assert!(functions.find(b"f").is_none() && !functions.remove(b"f"));
        functions.insert(b"f", owning(1, Some(b"ls")));
        functions.insert(b"g", owning(10, None));
        assert_eq!(functions.find(b"f").unwrap().format(), Some(b"ls".as_slice()));
        assert_eq!(functions.find(b"g").unwrap().format(), None);
        functions.insert(b"f", owning(100, None));
        assert_eq!(RELEASED.load(Ordering::Relaxed), 1, "another one has its name");
        assert!(functions.remove(b"f") && functions.find(b"f").is_none());
        assert_eq!(RELEASED.load(Ordering::Relaxed), 101);
        let kept = functions.find(b"g").unwrap();
        functions.clear();
        assert!(functions.find(b"g").is_none());
        assert_eq!(RELEASED.load(Ordering::Relaxed), 101, "it may still be called");
        drop(kept);
        assert_eq!(RELEASED.load(Ordering::Relaxed), 111);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn an_answer_may_be_made_of_the_arguments() {
        let answer = owning(0, None).call(3, Block::texts(&[b"a"]).unwrap());
        assert!(answer.failure().is_none());
        assert!(matches!(answer.view().unwrap().unwrap().item(0), Item::Text(Some(b"a"))));
        drop(answer);
        let answer = owning(0, None).call(3, Block::texts(&[]).unwrap());
        assert!(answer.view().is_none());
        assert_eq!(answer.failure().unwrap().message(), "no");
    }

    unsafe extern "C" fn literal(_: c_int, _: *mut w_Targs) -> *mut w_Targs {
        let block = Block::new(&[Piece::Text(None)], Storage::Separate).unwrap();
        let result = block.into_raw();
        // SAFETY: the element that was just made.
        unsafe { (*(*result).args.as_mut_ptr()).value.s = c"a literal".as_ptr().cast_mut() };
        result
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn literals_in_an_answer_are_not_freed_where_they_are_expected() {
        // SAFETY: it stays callable; its results are blocks, and their text a literal, which is expected.
        let function = unsafe { HostFunction::new(Some(literal)) }.unwrap();
        let mut answer = Function::Plain(function).call(3, Block::int(1).unwrap());
        answer.expect_literals();
        let view = answer.view().unwrap().unwrap();
        assert!(matches!(view.item(0), Item::Text(Some(b"a literal"))));
    }
}
