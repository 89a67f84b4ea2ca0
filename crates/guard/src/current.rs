//! For which script each thread of the host runs.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use super::script::ScriptInfo;

/// A script that a thread runs for, and the one that it ran for before.
struct Running<'r> {
    script: &'r Arc<ScriptInfo>,
    outer: *const Running<'static>,
}

thread_local! {
    /// The innermost script that this thread runs for. Each `Running` is on the stack of its `running_for`.
    static INNERMOST: Cell<*const Running<'static>> = const { Cell::new(ptr::null()) };
}

/// Says that this thread runs for a script while `body` runs.
#[inline]
pub fn running_for<R>(script: &Arc<ScriptInfo>, body: impl FnOnce() -> R) -> R {
    struct Left(*const Running<'static>);
    impl Drop for Left {
        #[inline]
        fn drop(&mut self) {
            INNERMOST.set(self.0);
        }
    }
    let outer = INNERMOST.get();
    let running = Running { script, outer };
    INNERMOST.set((&raw const running).cast());
    let _left = Left(outer);
    body()
}

/// The scripts this thread runs for, innermost first.
#[inline]
fn all() -> impl Iterator<Item = Arc<ScriptInfo>> {
    let mut next = INNERMOST.get();
    std::iter::from_fn(move || {
        // SAFETY: NULL, or on the stack of a `running_for` that has not returned: only this thread sets
        // its `INNERMOST`, and each `running_for` takes its own out again before it returns.
        let running = unsafe { next.as_ref() }?;
        next = running.outer;
        Some(Arc::clone(running.script))
    })
}

/// The script this thread runs for.
#[inline]
pub fn script() -> Option<Arc<ScriptInfo>> {
    all().next()
}

/// Whether this thread runs for a script, as the innermost one or further out.
#[inline]
pub fn is_inside(script: &Arc<ScriptInfo>) -> bool {
    all().any(|own| Arc::ptr_eq(&own, script))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;

    #[test]
    fn a_thread_runs_for_the_innermost_script_and_is_inside_all() {
        let _hub = FakeHub::begin(|_| false);
        let (one, two) = (script_of(1), script_of(2));
        let serial = || super::script().map(|script| script.serial);
        assert_eq!((serial(), is_inside(&one)), (None, false));
        running_for(&one, || {
            assert_eq!((serial(), is_inside(&two)), (Some(one.serial), false));
            running_for(&two, || {
                assert_eq!(serial(), Some(two.serial));
                assert!(is_inside(&one) && is_inside(&two));
                let elsewhere = std::thread::scope(|scope| {
                    scope.spawn(|| super::script().is_none() && !is_inside(&one)).join().unwrap()
                });
                assert!(elsewhere);
            });
            assert_eq!((serial(), is_inside(&two)), (Some(one.serial), false));
        });
        assert_eq!((serial(), is_inside(&one)), (None, false));
    }

    #[test]
    fn a_panic_leaves_the_script() {
        let _hub = FakeHub::begin(|_| false);
        let one = script_of(1);
        let run = std::panic::AssertUnwindSafe(|| running_for(&one, || panic!("it fails")));
        assert!(std::panic::catch_unwind(run).is_err());
        assert!(super::script().is_none());
    }

    fn script_of(id: i32) -> Arc<ScriptInfo> {
        script(id, "a.py", "")
    }
}
