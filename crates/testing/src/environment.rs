//! Settings from the environment, for one test at a time.

use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, PoisonError};

/// Held while a variable is set, so that tests of the same setting come one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `body` while an environment variable has this value. Whatever else reads the variable meanwhile sees
/// it as well, and a body must not call this again.
pub fn with_variable<T>(name: &str, value: impl AsRef<OsStr>, body: impl FnOnce() -> T) -> T {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _before = Before { name, value: std::env::var_os(name) };
    set(name, Some(value.as_ref()));
    body()
}

/// Puts a variable back, also after a test that failed.
struct Before<'n> {
    name: &'n str,
    value: Option<OsString>,
}

impl Drop for Before<'_> {
    fn drop(&mut self) {
        set(self.name, self.value.as_deref());
    }
}

fn set(name: &str, value: Option<&OsStr>) {
    // SAFETY: unit tests read the environment by `std::env` only, which has a lock of its own for that.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}
