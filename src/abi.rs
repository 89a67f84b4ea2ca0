//! The C interface: every exported function, in header order. Nothing is decided here.
//!
//! Each function hands its arguments to the module that knows, inside [`boundary::guard`], which
//! turns a panic into the function's failure value, or [`boundary::call`], which also starts a call
//! for `w_LastError`. C programmers read the documentation comments in
//! `include/vh_python_wrapper.h`.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use crate::last_error;
use crate::lifecycle;
use crate::verbs::{self, SCRIPTS};
use vh_core::callbacks;
use vh_core::hooks;
use vh_core::log;
use vh_core::panics::point;
use vh_guard::statistics;
use vh_host::hub;
use vh_host::native;
use vh_host::targs;
use vh_host::targs::{Block, View};

mod backends;
pub mod boundary;
pub mod cxx;
mod symbols;
mod variadic;

use boundary::{call, call_or, guard};
use vh_host::native::{CallbackTable, HostFunction, OwningFunction};
pub use vh_host::types::{
    PyObject, w_Targs, w_Tcallback, w_Telement, w_Tevent, w_Tfailure, w_Tfunction, w_TlogSink,
    w_Trelease,
};

/// Starts Python and keeps `table`, the hub's W_MAX_CALLBACKS callbacks, until `w_End`.
/// The table is read at every call, so slots may be filled later; a NULL slot is a callback this
/// hub does not offer. Returns 1, or 0 on failure.
///
/// # Safety
/// `table` points to W_MAX_CALLBACKS slots that stay valid until `w_End`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Begin(table: *mut w_Tcallback) -> c_int {
    call(point!("w_Begin"), 0, || {
        // SAFETY: the caller's promise is the one `CallbackTable::new` asks for.
        lifecycle::begin(unsafe { CallbackTable::new(table) }).map(|()| 1)
    })
}

/// Unloads every script that is still loaded and forgets the callback table. Python itself stays
/// for a later `w_Begin`. Returns 1.
#[unsafe(no_mangle)]
pub extern "C" fn w_End() -> c_int {
    guard(point!("w_End"), 1, || {
        lifecycle::end();
        1
    })
}

/// Reserves and returns the lowest free script id, or -1 when all ids are taken.
#[unsafe(no_mangle)]
pub extern "C" fn w_ReserveID() -> c_int {
    call(point!("w_ReserveID"), -1, || SCRIPTS.reserve())
}

/// Loads a script. Format `lssssls`: id, script path, bot nick, op-chat nick, config directory,
/// start time (unix seconds), config name. The block stays the caller's. Returns the id; or -1, and
/// the id is free again. A script that cannot run may get a stub in its place, whose hooks refuse
/// or let everything pass: then the id is returned, and w_LastError has an error all the same.
///
/// # Safety
/// `args` is NULL or a block made by `w_pack` whose strings are alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Load(args: *mut w_Targs) -> c_int {
    // SAFETY: the caller's promise is the one `View::new` asks for; the view ends with the call.
    call_or(point!("w_Load"), || -1, || verbs::load(unsafe { View::new(args) }))
}

/// Unloads a script and frees its id. Returns 1, or 0 for an unknown id.
#[unsafe(no_mangle)]
pub extern "C" fn w_Unload(id: c_int) -> c_int {
    call_or(point!("w_Unload"), || 0, || verbs::unload(id))
}

/// Returns the id of the script that was loaded from the path `name`, byte for byte, or else of the
/// script with this file name; the lowest id where there are several. Returns -1 when no such
/// script is loaded, and for NULL.
///
/// # Safety
/// `name` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Find(name: *const c_char) -> c_int {
    guard(point!("w_Find"), -1, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        SCRIPTS.find(unsafe { native::bytes(name) }.unwrap_or_default()).unwrap_or(-1)
    })
}

/// Returns 1 when the script defines the hook, else 0. Any two numbers may be passed.
#[unsafe(no_mangle)]
pub extern "C" fn w_HasHook(id: c_int, hook: c_int) -> c_int {
    guard(point!("w_HasHook"), 0, || c_int::from(SCRIPTS.has_hook(id, hook)))
}

/// Calls a script's hook with the packed `params`, which stay the caller's. Returns a block the
/// caller releases, or NULL when the script has no such hook. When the script returns nothing, the
/// result is `l` 1: pass the event on. When the script raises an exception, or `params` cannot be
/// read, it is that too, or `l` 0 if the script asks for refusal.
///
/// In hubs without GetIPCity the result's strings live inside the block (release with `free`); in
/// all others each string is an allocation of its own (release with `w_free_args`).
///
/// # Safety
/// `params` is NULL or a block made by `w_pack` whose strings are alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_CallHook(id: c_int, hook: c_int, params: *mut w_Targs) -> *mut w_Targs {
    call_or(
        point!("w_CallHook"),
        || into_raw(verbs::after_fault(id, hook)),
        || {
            // SAFETY: the caller's promise is the one `View::new` asks for; the view ends with the call.
            let (block, error) = verbs::call_hook(id, hook, &unsafe { View::new(params) });
            (into_raw(block), error)
        },
    )
}

/// Calls any function of a script by name. `params` may be NULL for no arguments and stay the
/// caller's. Returns a block the caller releases with `w_free_args`, or NULL on any failure.
///
/// # Safety
/// `name` is NULL or a C string; `params` is NULL or a block made by `w_pack` whose strings are
/// alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_CallFunction(
    id: c_int,
    name: *const c_char,
    params: *mut w_Targs,
) -> *mut w_Targs {
    call(point!("w_CallFunction"), std::ptr::null_mut(), || {
        // SAFETY: the caller's promise is the one `native::bytes` and `View::new` ask for; what they give ends
        // with the call.
        let (name, params) = unsafe {
            (native::bytes(name), (!params.is_null()).then(|| View::new(params)).transpose())
        };
        verbs::call_function(id, name, &params).map(Block::into_raw)
    })
}

/// Always NULL. It is there because old hubs look the symbol up.
#[unsafe(no_mangle)]
pub extern "C" fn w_GetHook(hook: c_int) -> *mut PyObject {
    let _ = hook;
    std::ptr::null_mut()
}

/// Returns the name of a hook, a static text, or NULL when no hook has this number.
#[unsafe(no_mangle)]
pub extern "C" fn w_HookName(hook: c_int) -> *const c_char {
    guard(point!("w_HookName"), std::ptr::null(), || {
        hooks::get(hook).map_or(std::ptr::null(), |hook| hook.name.as_ptr())
    })
}

/// Returns the name of the callback in a slot of this hub's table, a static text, or NULL when the
/// slot has none.
#[unsafe(no_mangle)]
pub extern "C" fn w_CallName(callback: c_int) -> *const c_char {
    guard(point!("w_CallName"), std::ptr::null(), || {
        callbacks::in_slot(callback, hub::numbering()).map_or(std::ptr::null(), |c| c.name.as_ptr())
    })
}

/// Offers the C function `function` to one script as `vh.CallDynamicFunction(name, ...)`. Allowed from
/// `w_ReserveID` on. A second registration of a name replaces the first. Returns 1, or 0 for an
/// unknown id, a NULL name or a NULL function.
///
/// # Safety
/// `name` is NULL or a C string; `function` stays callable until it is unregistered or the script
/// is unloaded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_RegisterFunction(
    id: c_int,
    name: *const c_char,
    function: w_Tcallback,
) -> c_int {
    // SAFETY: the caller's promise is the one `native::bytes` and `HostFunction::new` ask for.
    call(point!("w_RegisterFunction"), 0, || unsafe {
        verbs::register(id, native::bytes(name), HostFunction::new(function))
    })
}

/// Like w_RegisterFunction, for a function with data of its own. Each call of the function gets
/// `user`. When the library gives the function up, it calls `release` with `user` once, unless
/// `release` is NULL. It gives a function up when the host takes it back or replaces it, when its
/// script is unloaded or fails to load, and when it cannot be registered at all. It does so after
/// the last call of the function has returned, on any thread that calls scripts.
///
/// `format` has one letter for each argument. The library checks what a script passes, and raises
/// TypeError in the script when that does not match. `O` takes any object; the reference is
/// borrowed until the function returns. With a NULL `format` nothing is checked, as with
/// w_RegisterFunction. Returns 1, or 0 for an unknown id, a NULL name or function, or a bad format.
///
/// # Safety
/// `name` and `format` are NULL or C strings; `function` and `user` stay usable until `release`, on
/// any thread that calls scripts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_RegisterFunctionEx(
    id: c_int,
    name: *const c_char,
    format: *const c_char,
    function: w_Tfunction,
    user: *mut c_void,
    release: w_Trelease,
) -> c_int {
    // SAFETY: the caller's promise is the one `OwningFunction::new` and `native::bytes` ask for.
    call(point!("w_RegisterFunctionEx"), 0, || unsafe {
        let function = OwningFunction::new(function, user, release);
        verbs::register_owning(id, native::bytes(name), native::bytes(format), function)
    })
}

/// Takes a registered function back. Returns 1, or 0 when there is none of that name.
///
/// # Safety
/// `name` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_UnregisterFunction(id: c_int, name: *const c_char) -> c_int {
    call(point!("w_UnregisterFunction"), 0, || {
        // SAFETY: the caller's promise is the one `native::bytes` asks for.
        verbs::unregister(id, unsafe { native::bytes(name) })
    })
}

/// Returns a printable form of a block, `"(null)"` for NULL. The text is valid until the same
/// thread's next call of this function.
///
/// # Safety
/// `args` is NULL or a block made by `w_pack` whose strings are alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_packprint(args: *mut w_Targs) -> *const c_char {
    // SAFETY: the caller's promise is the one `targs::print_for_c` asks for.
    guard(point!("w_packprint"), c"(error)".as_ptr(), || unsafe { targs::print_for_c(args) })
}

/// Frees a block and the strings (`s`, `D`, `L`) it owns; strings inside the block go with it.
/// NULL is allowed.
///
/// # Safety
/// `args` is NULL or a live block from `malloc` whose string pointers are NULL, inside the block,
/// or allocations of their own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_free_args(args: *mut w_Targs) {
    // SAFETY: the caller's promise is the one `targs::free` asks for.
    guard(point!("w_free_args"), (), || unsafe { targs::free(args) });
}

/// Writes the statistics of all scripts to `*json` as JSON text: for each hook and function the
/// number of calls, errors and timeouts, times in seconds, and the last error; docs/script-guide.md
/// lists the names. The caller frees the text with `free`. Returns 1, or 0 for NULL or without
/// memory.
///
/// # Safety
/// `json` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Stats(json: *mut *mut c_char) -> c_int {
    // SAFETY: the caller's promise is the one `native::give_text` asks for.
    guard(point!("w_Stats"), 0, || unsafe {
        c_int::from(native::give_text(json, &statistics::json()))
    })
}

/// Like w_Stats, as text that Prometheus reads, in `*text`. The caller frees it with `free`.
/// Returns 1 or 0.
///
/// # Safety
/// `text` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_StatsText(text: *mut *mut c_char) -> c_int {
    guard(point!("w_StatsText"), 0, || {
        let metrics = statistics::prometheus();
        // SAFETY: the caller's promise is the one `native::give_text` asks for.
        c_int::from(unsafe { native::give_text(text, metrics.as_bytes()) })
    })
}

/// Gives the records of the log to `sink` instead of printing them; with NULL they are printed
/// again. `level` is the lowest w_LogLevel that shows the record, `script` is an id or -1, and
/// `user` is passed on. `message` is UTF-8 and valid until the sink returns. What scripts print
/// does not go to the sink.
///
/// A thread of the library calls the sink, one record after the other, in their order. That thread
/// holds no lock, not Python's either, so the sink may call the library. When 4096 records wait for
/// a slow sink, the oldest are dropped, and a record tells how many. A record that the sink itself
/// causes is printed, and so is one for which it throws an exception.
///
/// When this function returns, the previous sink has got all its records and is not called again,
/// so its `user` may be freed. w_End waits too until all records are delivered. So call neither
/// while you hold a lock that the sink takes. Neither waits when the sink itself calls it.
///
/// # Safety
/// `sink` is NULL or stays callable with `user` until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_SetLogSink(sink: w_TlogSink, user: *mut c_void) {
    guard(point!("w_SetLogSink"), (), || {
        // SAFETY: the caller's promise is the one `LogSink::new` asks for.
        let sink = unsafe { native::LogSink::new(sink, user) };
        log::set_sink(sink.map(|sink| Arc::new(sink) as Arc<dyn log::Sink>));
    });
}

/// Sets how much is logged. 0: what failed. 1, the default: also values and arguments that make no
/// sense and are ignored. 2: also loads, unloads, and calls of `vh` with arguments and results. 3
/// to 6: also calls of hooks and functions with parameters and results.
#[unsafe(no_mangle)]
pub extern "C" fn w_LogLevel(level: c_int) {
    guard(point!("w_LogLevel"), (), || log::set_level(level));
}

/// Tells why this thread's last call failed. Only calls of w_Begin, w_ReserveID, w_Load, w_Unload,
/// w_CallHook, w_CallFunction and of those that register functions count; each of them forgets the
/// previous error. After w_CallHook there is an error also when the script raised an exception and
/// the event was passed on or refused, and after w_Unload when UnLoad() raised one. Returns 1 and sets `*json` to a text from malloc, which the
/// caller frees; returns 0 and sets it to NULL when the last call succeeded. The text, UTF-8, is
///   {"code": ..., "type": ..., "message": ..., "traceback": ...}
/// with one of the codes invalid, not_found, python, timeout, cancelled, busy, unavailable,
/// too_large, closed, internal. Type and traceback are those of the Python exception, or null.
///
/// # Safety
/// `json` is NULL or points to a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_LastError(json: *mut *mut c_char) -> c_int {
    // SAFETY: the caller's promise is the one `last_error::give_to_c` asks for.
    guard(point!("w_LastError"), 0, || c_int::from(unsafe { last_error::give_to_c(json) }))
}

/// Hands a block to the caller, who frees it.
fn into_raw(block: Option<Block>) -> *mut w_Targs {
    block.map_or(std::ptr::null_mut(), Block::into_raw)
}
