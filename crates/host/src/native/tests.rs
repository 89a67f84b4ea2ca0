//! Functions of the host: what they are called with, and how often their data goes back.

use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::Mutex;

use super::*;
use crate::fake_hub::FakeHub;
use crate::targs::{Item, Piece, malloc_text};

/// What the functions below were called with: data of a host.
#[derive(Default)]
struct Data {
    calls: Mutex<Vec<String>>,
    released: Mutex<usize>,
}

impl Data {
    fn pointer(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }

    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn released(&self) -> usize {
        *self.released.lock().unwrap()
    }
}

unsafe fn data<'d>(user: *mut c_void) -> &'d Data {
    // SAFETY: each test passes its own, which outlives the call.
    unsafe { &*user.cast::<Data>() }
}

/// Fails with the texts of its argument, or answers 5 when there are none.
unsafe extern "C" fn fails(
    user: *mut c_void,
    script: c_int,
    args: *mut w_Targs,
    failure: *mut w_Tfailure,
) -> *mut w_Targs {
    // SAFETY: the library passes a block, and a failure that may be written.
    unsafe {
        data(user).note(format!("called by {script}"));
        let view = targs::View::new(args).unwrap();
        let mut texts = view.items().map(|item| match item {
            Item::Text(Some(text)) => malloc_text(text),
            _ => null_mut(),
        });
        let [exception, message] = [(); 2].map(|()| texts.next());
        let (Some(exception), Some(message)) = (exception, message) else {
            return Block::int(5).unwrap().into_raw();
        };
        *failure = w_Tfailure { exception, message };
        null_mut()
    }
}

unsafe extern "C" fn release(user: *mut c_void) {
    // SAFETY: the data of the function.
    *unsafe { data(user) }.released.lock().unwrap() += 1;
}

unsafe extern "C" fn sink(level: c_int, script: c_int, text: *const c_char, user: *mut c_void) {
    // SAFETY: the library passes a C string, and the data of the sink.
    let (data, text) = unsafe { (data(user), CStr::from_ptr(text)) };
    data.note(format!("{level} {script} {}", text.to_str().unwrap()));
}

fn owning(data: &Data) -> OwningFunction {
    // SAFETY: the data outlives the function.
    unsafe { OwningFunction::new(Some(fails), data.pointer(), Some(release)) }.unwrap()
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn a_function_tells_why_it_failed() {
    let data = Data::default();
    let function = owning(&data);
    let failed = |texts: &[Piece<'_>]| {
        let args = Block::new(texts, targs::Storage::Inside).unwrap();
        let error = function.call(8, &args).unwrap_err();
        assert_eq!(error.code(), Code::Python);
        (error.exception().map(|exception| exception.kind.clone()), error.message().to_owned())
    };
    let text = |text: &'static [u8]| Piece::Text(Some(text.into()));
    let kind = Some("KeyError".to_owned());
    assert_eq!(failed(&[text(b"KeyError"), text(b"why")]), (kind, "why".to_owned()));
    assert_eq!(failed(&[Piece::Text(None), text(b"wh\xFF")]), (None, "wh\u{FFFD}".to_owned()));
    assert_eq!(failed(&[Piece::Text(None), Piece::Text(None)]), (None, String::new()));
    let args = Block::int(0).unwrap();
    let result = function.call(9, &args).unwrap();
    assert!(matches!(result.view().unwrap().item(0), Item::Int(5)));
    result.release(&args);
    let calls = ["called by 8", "called by 8", "called by 8", "called by 9"];
    assert_eq!(data.calls(), calls);
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn data_goes_back_once() {
    let data = Data::default();
    let function = owning(&data);
    assert_eq!(data.released(), 0);
    drop(function);
    assert_eq!(data.released(), 1);
    // SAFETY: there is no function to call.
    let none = unsafe { OwningFunction::new(None, data.pointer(), Some(release)) };
    assert!(none.is_none());
    assert_eq!(data.released(), 2, "at once, because there is no function");
    // SAFETY: the data outlives the function.
    let kept = unsafe { OwningFunction::new(Some(fails), data.pointer(), None) };
    drop(kept.unwrap());
    assert_eq!(data.released(), 2);
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn a_sink_gets_each_record_as_a_c_string() {
    let data = Data::default();
    // SAFETY: the data outlives the sink.
    let sink = unsafe { LogSink::new(Some(sink), data.pointer()) }.unwrap();
    assert_eq!(sink.take(2, -1, "a\0b"), Ok(()));
    assert_eq!(data.calls(), ["2 -1 a\u{FFFD}b"]);
    // SAFETY: there is no function to call.
    assert!(unsafe { LogSink::new(None, data.pointer()) }.is_none());
}

#[test]
fn no_table_is_none() {
    // SAFETY: NULL is no table.
    assert!(unsafe { CallbackTable::new(null_mut()) }.is_none());
    // SAFETY: NULL is no function.
    assert!(unsafe { HostFunction::new(None) }.is_none());
}

#[test]
#[should_panic(expected = "slot < MAX_CALLBACKS")]
fn a_table_ends_with_its_last_slot() {
    let _hub = FakeHub::newest();
    let slots: Vec<w_Tcallback> = vec![None; MAX_CALLBACKS + 1];
    // SAFETY: as many slots as a table has.
    let table = unsafe { CallbackTable::new(slots.leak().as_mut_ptr()) }.unwrap();
    table.get(MAX_CALLBACKS);
}

#[test]
fn a_text_for_c_is_a_copy_that_c_frees() {
    let mut place = null_mut();
    // SAFETY: NULL is allowed, and so is a place of this frame; what is written there is a C string of malloc.
    unsafe {
        assert!(!give_text(null_mut(), b"text"));
        assert!(give_text(&raw mut place, b"text"));
        assert_eq!(bytes(place), Some(b"text".as_slice()));
        libc::free(place.cast());
        assert_eq!(bytes(std::ptr::null()), None);
    }
}
