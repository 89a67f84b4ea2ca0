//! What C code of the host gives us: its functions, its log sink and its live callback table.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::types::{
    w_Targs, w_Tcallback, w_Tevent, w_Tfailure, w_Tfunction, w_TlogSink, w_Trelease,
};
use crate::targs::{self, Block, HostResult};
use vh_core::callbacks::MAX_CALLBACKS;
use vh_core::error::{Code, Error, Exception};
use vh_core::log::Sink;

/// A C function of the host.
#[derive(Clone, Copy, Debug)]
pub struct HostFunction(unsafe extern "C" fn(c_int, *mut w_Targs) -> *mut w_Targs);

impl HostFunction {
    /// Takes a function pointer; None for NULL.
    ///
    /// # Safety
    /// The function stays callable as long as this value is used, and its results follow the
    /// ownership rule of `targs`.
    #[inline]
    pub unsafe fn new(function: w_Tcallback) -> Option<HostFunction> {
        function.map(HostFunction)
    }

    /// Calls it. The interpreter must be left before, and no lock of ours held.
    #[inline]
    pub fn call(self, script: i32, args: &Block) -> Option<HostResult> {
        let mut thrown = std::ptr::null_mut();
        // SAFETY: callable by the contract of `new`; the block outlives the call; a text in
        // `thrown` is a C string from malloc.
        unsafe {
            let result = vh_call_host(Some(self.0), script, args.as_ptr(), &raw mut thrown);
            if let Some(text) = bytes(thrown) {
                tracing::error!(
                    "a function of the hub threw a C++ exception ({}); the call counts as failed",
                    String::from_utf8_lossy(text)
                );
                libc::free(thrown.cast());
            }
            HostResult::new(result)
        }
    }
}

unsafe extern "C" {
    /// In cxx.cpp.
    fn vh_call_host(
        function: w_Tcallback,
        id: c_int,
        args: *mut w_Targs,
        thrown: *mut *mut c_char,
    ) -> *mut w_Targs;

    /// In cxx.cpp.
    fn vh_call_host_function(
        function: w_Tfunction,
        user: *mut c_void,
        id: c_int,
        args: *mut w_Targs,
        failure: *mut w_Tfailure,
    ) -> *mut w_Targs;

    /// In cxx.cpp.
    fn vh_call_release(release: w_Trelease, user: *mut c_void) -> *mut c_char;

    /// In cxx.cpp.
    fn vh_call_event(
        handler: w_Tevent,
        user: *mut c_void,
        backend: c_int,
        event: *const c_char,
        json: *const c_char,
    ) -> *mut c_char;

    /// In cxx.cpp.
    fn vh_call_sink(
        sink: w_TlogSink,
        level: c_int,
        script: c_int,
        text: *const c_char,
        user: *mut c_void,
    ) -> *mut c_char;
}

/// A function of the host with data of its own. The library owns the data from `w_RegisterFunctionEx` on and
/// gives it back exactly once: when this is dropped, which happens without a lock held or an interpreter
/// attached.
#[derive(Debug)]
pub struct OwningFunction {
    function:
        unsafe extern "C" fn(*mut c_void, c_int, *mut w_Targs, *mut w_Tfailure) -> *mut w_Targs,
    user: *mut c_void,
    release: w_Trelease,
}

// SAFETY: by the contract of `new` function and release may be called with the data on any thread.
unsafe impl Send for OwningFunction {}
// SAFETY: function and data may be used on any thread, as the caller of `new` promised.
unsafe impl Sync for OwningFunction {}

impl OwningFunction {
    /// Takes a function with its data. None for NULL, after the data has been given back.
    ///
    /// # Safety
    /// Until `release` is called, function and data may be used on any thread that calls scripts;
    /// results follow the ownership rule of `targs`.
    pub unsafe fn new(
        function: w_Tfunction,
        user: *mut c_void,
        release: w_Trelease,
    ) -> Option<OwningFunction> {
        let Some(function) = function else {
            // SAFETY: the caller promises that the release function may be called with the data.
            unsafe { give_back(release, user) };
            return None;
        };
        Some(OwningFunction { function, user, release })
    }

    /// Calls it. The interpreter must be left before, and no lock of ours held. An error has the text that
    /// the function gave, if any, and the exception that it asked for, if it named one.
    #[inline]
    pub fn call(&self, script: i32, args: &Block) -> Result<HostResult, Error> {
        let mut failure =
            w_Tfailure { exception: std::ptr::null_mut(), message: std::ptr::null_mut() };
        // SAFETY: callable by the contract of `new`; block and failure outlive the call; the texts
        // are NULL or C strings from malloc.
        unsafe {
            let function = Some(self.function);
            let result =
                vh_call_host_function(function, self.user, script, args.as_ptr(), &raw mut failure);
            let (kind, message) = (take_text(failure.exception), take_text(failure.message));
            HostResult::new(result).ok_or_else(|| {
                let error = Error::new(Code::Python, message.unwrap_or_default());
                match kind {
                    Some(kind) => {
                        error.with_exception(Exception { kind, traceback: String::new() })
                    }
                    None => error,
                }
            })
        }
    }
}

impl Drop for OwningFunction {
    fn drop(&mut self) {
        // SAFETY: by the contract of `new`; it is not called again.
        unsafe { give_back(self.release, self.user) };
    }
}

/// Gives the host its data back.
///
/// # Safety
/// `release` is NULL, or may be called with the data on this thread.
unsafe fn give_back(release: w_Trelease, user: *mut c_void) {
    if release.is_none() {
        return;
    }
    // SAFETY: the caller promises that it is NULL or may be called with the data; what it threw is NULL or a C string from malloc.
    if let Some(thrown) = unsafe { take_text(vh_call_release(release, user)) } {
        tracing::error!(
            "the release function of what the host has registered threw a C++ exception ({thrown})"
        );
    }
}

/// Copies a text from malloc and frees it.
///
/// # Safety
/// `text` is NULL or a C string from malloc, not used afterwards.
unsafe fn take_text(text: *mut c_char) -> Option<String> {
    // SAFETY: the caller promises NULL or a C string from malloc, which nobody uses afterwards.
    unsafe {
        let taken = bytes(text).map(|text| String::from_utf8_lossy(text).into_owned());
        libc::free(text.cast());
        taken
    }
}

/// A function of the host that takes the records of the log.
#[derive(Clone, Copy, Debug)]
pub struct LogSink {
    function: unsafe extern "C" fn(c_int, c_int, *const c_char, *mut c_void),
    user: *mut c_void,
}

// SAFETY: the host promises that the function may be called on any thread; `user` is only handed on.
unsafe impl Send for LogSink {}
// SAFETY: the function may be called on any thread, as the caller of `new` promised.
unsafe impl Sync for LogSink {}

impl LogSink {
    /// Takes a function pointer; None for NULL.
    ///
    /// # Safety
    /// The function may be called with `user` on any thread as long as this value is used.
    pub unsafe fn new(function: w_TlogSink, user: *mut c_void) -> Option<LogSink> {
        function.map(|function| LogSink { function, user })
    }
}

impl Sink for LogSink {
    fn take(&self, level: i32, script: i32, text: &str) -> Result<(), String> {
        let text = CString::new(text.replace('\0', "\u{FFFD}")).expect("no NUL is left in it");
        // SAFETY: callable by the contract of `new`; the text outlives the call; what is thrown is NULL
        // or a C string from malloc.
        let thrown = unsafe {
            take_text(vh_call_sink(Some(self.function), level, script, text.as_ptr(), self.user))
        };
        thrown.map_or(Ok(()), Err)
    }
}

/// A function of the host that hears events of a back end, with data of its own, which is given back when this
/// is dropped.
#[derive(Debug)]
pub struct EventHandler {
    function: unsafe extern "C" fn(*mut c_void, c_int, *const c_char, *const c_char),
    user: *mut c_void,
    release: w_Trelease,
}

// SAFETY: by the contract of `new` function and release may be called with the data on any thread.
unsafe impl Send for EventHandler {}
// SAFETY: function and data may be used on any thread, as the caller of `new` promised.
unsafe impl Sync for EventHandler {}

impl EventHandler {
    /// Takes a function with its data. None for NULL, after the data has been given back.
    ///
    /// # Safety
    /// Until `release` is called, function and data may be used on any thread.
    pub unsafe fn new(
        function: w_Tevent,
        user: *mut c_void,
        release: w_Trelease,
    ) -> Option<EventHandler> {
        let Some(function) = function else {
            // SAFETY: the caller promises that the release function may be called with the data.
            unsafe { give_back(release, user) };
            return None;
        };
        Some(EventHandler { function, user, release })
    }

    /// Calls it. No lock of ours is held. Neither name nor value has a NUL: JSON escapes it.
    pub fn call(&self, backend: i32, name: &str, json: &str) {
        let text = |text: &str| CString::new(text.replace('\0', "\u{FFFD}"));
        let (Ok(name), Ok(json)) = (text(name), text(json)) else { return };
        // SAFETY: callable by the contract of `new`; the texts outlive the call; what is thrown is NULL or a C
        // string from malloc.
        let thrown = unsafe {
            let function = Some(self.function);
            take_text(vh_call_event(function, self.user, backend, name.as_ptr(), json.as_ptr()))
        };
        if let Some(thrown) = thrown {
            tracing::error!("a handler of events threw a C++ exception ({thrown})");
        }
    }
}

impl Drop for EventHandler {
    fn drop(&mut self) {
        // SAFETY: by the contract of `new`; it is not called again.
        unsafe { give_back(self.release, self.user) };
    }
}

/// The callback table a host gave to `w_Begin`; hosts may still fill it.
#[derive(Clone, Copy, Debug)]
pub struct CallbackTable(NonNull<w_Tcallback>);

// SAFETY: the table is the host's static data; it is only read, one pointer at a time.
unsafe impl Send for CallbackTable {}
// SAFETY: reading one slot at a time is all that is done, from any thread.
unsafe impl Sync for CallbackTable {}

impl CallbackTable {
    /// Takes the table; None for NULL.
    ///
    /// # Safety
    /// It has `MAX_CALLBACKS` slots, which may be read as long as this value is used, and the functions in
    /// them stay callable until `w_End`.
    pub unsafe fn new(table: *mut w_Tcallback) -> Option<CallbackTable> {
        NonNull::new(table).map(CallbackTable)
    }

    /// What is in a slot now; `slot` is below `MAX_CALLBACKS`.
    #[inline]
    pub fn get(self, slot: usize) -> Option<HostFunction> {
        assert!(slot < MAX_CALLBACKS);
        // SAFETY: in range; volatile because the host may write it at any time.
        unsafe { HostFunction::new(self.0.as_ptr().add(slot).read_volatile()) }
    }
}

/// What a table once had in its slots. It stays the same, whatever the host does with the table.
#[derive(Debug)]
pub struct TableCopy([AtomicPtr<c_void>; MAX_CALLBACKS]);

impl TableCopy {
    /// Nothing in any slot.
    pub const fn empty() -> TableCopy {
        TableCopy([const { AtomicPtr::new(std::ptr::null_mut()) }; MAX_CALLBACKS])
    }

    /// Copies what is in a table now. Without a table all slots are empty.
    pub fn set(&self, table: Option<CallbackTable>) {
        for (slot, place) in self.0.iter().enumerate() {
            let function = table.and_then(|table| table.get(slot));
            let address =
                function.map_or(std::ptr::null_mut(), |function| function.0 as *mut c_void);
            place.store(address, Ordering::Release);
        }
    }

    /// What was in a slot, which is below `MAX_CALLBACKS`.
    #[inline]
    pub fn get(&self, slot: usize) -> Option<HostFunction> {
        let address = self.0[slot].load(Ordering::Acquire);
        // SAFETY: only `set` stores there: NULL, which is None, or a function pointer of this type. It
        // stays callable by the contract of `CallbackTable::new`.
        unsafe { HostFunction::new(std::mem::transmute::<*mut c_void, w_Tcallback>(address)) }
    }
}

/// Where the library keeps the host's table: one pointer, so that reading it needs no lock.
#[derive(Debug)]
pub struct TablePlace(AtomicPtr<w_Tcallback>);

impl TablePlace {
    /// No table.
    pub const fn empty() -> TablePlace {
        TablePlace(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Keeps a table, or none.
    pub fn set(&self, table: Option<CallbackTable>) {
        let table = table.map_or(std::ptr::null_mut(), |table| table.0.as_ptr());
        self.0.store(table, Ordering::Release);
    }

    /// The table that is kept.
    #[inline]
    pub fn get(&self) -> Option<CallbackTable> {
        NonNull::new(self.0.load(Ordering::Acquire)).map(CallbackTable)
    }
}

/// Writes a text from `malloc` to `place`. False for NULL, and when there is no memory.
///
/// # Safety
/// `place` is NULL or a pointer that may be written.
pub unsafe fn give_text(place: *mut *mut c_char, text: &[u8]) -> bool {
    let Some(place) = NonNull::new(place) else { return false };
    let text = targs::malloc_text(text);
    // SAFETY: not NULL, so it may be written, as the caller promises.
    unsafe { place.write(text) };
    !text.is_null()
}

/// The bytes of a C string; None for NULL.
///
/// # Safety
/// `text` is NULL or a C string alive for `'a`.
#[inline]
pub unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not NULL, so a C string alive for `'a`, as the caller promises.
    (!text.is_null()).then(|| unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes())
}

#[cfg(test)]
mod tests;
