//! Panics that tests ask for, only in builds for tests. Those export three more functions, by which a test
//! learns of all points and arms one.

use std::ffi::c_char;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Point;

/// How often a point is still to panic, and how often it has panicked.
#[derive(Debug)]
pub struct Strikes {
    wanted: AtomicU32,
    done: AtomicU32,
}

impl Strikes {
    pub const fn new() -> Strikes {
        Strikes { wanted: AtomicU32::new(0), done: AtomicU32::new(0) }
    }

    #[track_caller]
    pub fn strike(&self, name: &str) {
        let less = |wanted: u32| wanted.checked_sub(1);
        let is_wanted = self.wanted.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        if is_wanted {
            self.done.fetch_add(1, Ordering::AcqRel);
            panic!("the test asks for it at \"{name}\"");
        }
    }
}

/// Every point of the library; the linker puts them side by side.
fn points() -> &'static [Point] {
    unsafe extern "C" {
        #[link_name = "__start_vh_points"]
        static START: u8;
        #[link_name = "__stop_vh_points"]
        static STOP: u8;
    }
    let (start, stop) = (&raw const START as *const Point, &raw const STOP as *const Point);
    // SAFETY: the linker sets both to the ends of the section that `point!` puts its statics in, and
    // nothing else is in it.
    unsafe { std::slice::from_raw_parts(start, stop.offset_from(start).cast_unsigned()) }
}

/// The name of a point, without a NUL at its end, and its length; NULL after the last point.
///
/// # Safety
/// `length` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vh_test_point(index: usize, length: *mut usize) -> *const c_char {
    let Some(point) = points().get(index) else { return ptr::null() };
    // SAFETY: `length` may be written, as the caller promises.
    unsafe { length.write(point.name.len()) };
    point.name.as_ptr().cast()
}

/// Lets the point panic the next `times` times.
#[unsafe(no_mangle)]
pub extern "C" fn vh_test_arm(index: usize, times: u32) {
    if let Some(point) = points().get(index) {
        point.strikes.wanted.store(times, Ordering::Release);
    }
}

/// How often the point has panicked.
#[unsafe(no_mangle)]
pub extern "C" fn vh_test_struck(index: usize) -> u32 {
    points().get(index).map_or(0, |point| point.strikes.done.load(Ordering::Acquire))
}
