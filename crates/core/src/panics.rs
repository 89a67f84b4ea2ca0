//! What becomes of a panic: one line in the log, and never the end of the hub.
//!
//! Every way into the library (from C, from Python, a thread of its own) has a [`Point`] that names it, and
//! runs in [`catch`]. Exported functions get theirs from `abi::boundary`, what Python calls from
//! `vh_cpython::trampoline`, threads from `spawn`, which starts those again that are needed. A panic becomes one
//! line in the log, also when the log itself fails, and the failure value, a RuntimeError or nothing. It
//! unwinds, so whatever must be undone is undone by a `Drop`; code that may run while another panic unwinds
//! contains its own.
//!
//! With the feature `inject-panics` each point panics when a test asks for it; the shipped library has none
//! of that.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::log::{plain, stream};
use crate::standard_output;

#[cfg(feature = "inject-panics")]
mod injection;

/// A place that is named when something panics there.
#[derive(Debug)]
pub struct Point {
    name: &'static str,
    #[cfg(feature = "inject-panics")]
    strikes: injection::Strikes,
}

impl Point {
    /// Makes one, for the macro `point!`.
    pub const fn new(name: &'static str) -> Point {
        Point {
            name,
            #[cfg(feature = "inject-panics")]
            strikes: injection::Strikes::new(),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Panics when a test asked for it.
    #[inline(always)]
    #[cfg_attr(feature = "inject-panics", track_caller)]
    pub fn strike(&'static self) {
        #[cfg(feature = "inject-panics")]
        self.strikes.strike(self.name);
    }
}

/// Makes a point of this name. With the feature `inject-panics` the linker gathers all points, so that a test
/// can miss none.
#[macro_export]
macro_rules! point {
    ($name:expr) => {{
        #[cfg_attr(feature = "inject-panics", unsafe(link_section = "vh_points"))]
        static POINT: $crate::panics::Point = $crate::panics::Point::new($name);
        &POINT
    }};
}

/// A point in the middle of something where a test wants a panic.
#[macro_export]
macro_rules! strike {
    ($name:expr) => {
        $crate::panics::point!($name).strike()
    };
}

/// Makes the C function that destroys a thread-local value, of an `unsafe fn(value)`.
#[macro_export]
macro_rules! destructor {
    ($body:path) => {{
        unsafe extern "C" fn entry(value: *mut std::ffi::c_void) {
            let point = $crate::panics::point!(concat!("the destructor ", stringify!($body)));
            // SAFETY: the C library passes what was stored under the key.
            $crate::panics::contain(point, || unsafe { $body(value) });
        }
        entry
    }};
}

pub use {destructor, point, strike};

/// A panic that was caught. Whoever gets it must log it.
#[derive(Debug)]
#[must_use = "a panic is told"]
pub struct Caught {
    point: &'static Point,
    reason: String,
}

/// Runs something that may panic.
///
/// Unwind safety: state behind our locks is changed by whole assignments, so a panic leaves it as
/// before or after one; `parking_lot` locks do not poison.
#[inline]
pub fn catch<R>(point: &'static Point, body: impl FnOnce() -> R) -> Result<R, Caught> {
    catch_unwind(AssertUnwindSafe(|| {
        point.strike();
        body()
    }))
    .map_err(|payload| Caught::new(point, payload))
}

/// The same for something whose result nobody needs: a panic is logged, and that is all.
pub fn contain(point: &'static Point, body: impl FnOnce()) {
    if let Err(caught) = catch(point, body) {
        caught.tell("what it had to do is left undone");
    }
}

const REPORT: &str = "Please report this line to the authors of the library";

impl Caught {
    #[cold]
    fn new(point: &'static Point, payload: Box<dyn Any + Send>) -> Caught {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = PLACE.try_with(Cell::take).ok().flatten();
        let place = place.map(|place| format!(" at {place}")).unwrap_or_default();
        Caught { point, reason: format!("{text}{place}") }
    }

    /// Where it panicked, and why.
    pub fn what(&self) -> String {
        format!("{} failed by a fault of the library ({})", self.point.name, self.reason)
    }

    /// The line for the log, with the consequence.
    pub fn line(&self, consequence: &str) -> String {
        format!("{}; {consequence}. {REPORT}", self.what())
    }

    /// Logs that it ended a thread, which has the point's name.
    pub fn tell_of_thread(&self, consequence: &str) {
        let Caught { point, reason } = self;
        let name = point.name;
        tell(&format!(
            "the thread {name} of the library died of {reason}; {consequence}. {REPORT}"
        ));
    }

    /// Logs it.
    pub fn tell(&self, consequence: &str) {
        tell(&self.line(consequence));
    }
}

/// Logs a line about a panic. It is written even when there is no log yet, or when the log itself fails.
fn tell(line: &str) {
    if !tracing::dispatcher::has_been_set() {
        return write(&format!("PY: {line}"));
    }
    if catch_unwind(|| tracing::error!("{line}")).is_err() {
        write(&format!("PY: {line} (the log has failed, too)"));
    }
}

/// Writes without the log.
fn write(line: &str) {
    let before = if stream::is_line_open() { "\n" } else { "" };
    let text = format!("{before}{}\n", plain::line(line));
    // Standard output is closed or full: there is nowhere left to say so.
    let _ = standard_output::write_all(libc::STDOUT_FILENO, text.as_bytes());
}

thread_local! {
    /// Where this thread panicked last.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Keeps Rust's own panic message off the hub's terminal: whoever catches the panic logs it in one line.
pub fn install_hook() {
    std::panic::set_hook(Box::new(note));
}

fn note(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
    match panic.payload().downcast_ref::<&str>() {
        // Rust's two texts for a panic that ends the process when this returns.
        Some(text) if text.starts_with("panic in a ") => {
            let before = PLACE.try_with(Cell::take).ok().flatten();
            let place = before.or(place).unwrap_or_default();
            write(&format!("PY: the library ends the process: {text} ({place})"));
        }
        // On a thread that is ending this place may be gone.
        _ => drop(PLACE.try_with(|cell| cell.set(place))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vh_testing::told;

    #[test]
    fn a_panic_is_told_with_its_point_its_text_and_its_place() {
        install_hook();
        let caught = catch(point!("a test"), || panic!("one is not {}", "two"));
        let line = caught.unwrap_err().line("nothing comes of it");
        let beginning =
            "a test failed by a fault of the library (one is not two at crates/core/src/panics.rs:";
        assert!(line.starts_with(beginning), "{line}");
        assert!(line.contains("); nothing comes of it. Please report"), "{line}");
        assert_eq!(catch(point!("another"), || 7).ok(), Some(7));
    }

    #[test]
    fn what_was_caught_is_told() {
        install_hook();
        let (caught, told) = told(|| catch(point!("a test"), || panic!("it fails")));
        assert_eq!(told, "");
        let caught = caught.unwrap_err();
        assert!(caught.what().starts_with("a test failed by a fault of the library (it fails at "));
        let ((), told) = vh_testing::told(|| caught.tell("nothing is left"));
        assert!(
            told.starts_with("ERROR a test failed by a fault of the library (it fails at crates")
        );
        assert!(told.contains("); nothing is left. Please report this line"), "{told}");
        let ((), told) = vh_testing::told(|| caught.tell_of_thread("it begins anew"));
        let line =
            "ERROR the thread a test of the library died of it fails at crates/core/src/panics.rs:";
        assert!(
            told.starts_with(line) && told.contains("; it begins anew. Please report"),
            "{told}"
        );
    }

    #[test]
    fn what_nobody_needs_is_contained() {
        install_hook();
        let mut runs = 0;
        let ((), told) = told(|| contain(point!("a test"), || runs += 1));
        assert_eq!((runs, told.as_str()), (1, ""));
        let ((), told) =
            vh_testing::told(|| contain(point!("a test"), || panic!("{}", "it fails")));
        assert!(told.contains("(it fails at crates") && told.contains("is left undone"), "{told}");
        let strange = || contain(point!("a test"), || std::panic::panic_any(7));
        assert!(vh_testing::told(strange).1.contains("(no message at crates"));
        assert_eq!(point!("its name").name(), "its name");
    }
}
