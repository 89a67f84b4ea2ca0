//! The C interface: every exported function, in header order. Nothing is decided here.
//!
//! Each function hands its arguments to the module that knows, inside [`boundary::guard`], which
//! turns a panic into the function's failure value, or [`boundary::call`], which also starts a call
//! for `w_LastError`. The documentation comments are the ones C
//! programmers read in `include/vh_python_wrapper.h`.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use crate::guard::statistics;
use crate::panics::point;
use crate::targs::{Block, View};
use crate::verbs::{self, SCRIPTS};
use crate::{callbacks, hooks, hub, last_error, lifecycle, log, targs};

pub mod boundary;
pub mod cxx;
pub mod host;
mod symbols;
pub mod types;
mod variadic;
pub mod vectors;

use boundary::{call, call_or, guard};
use host::{CallbackTable, HostFunction, OwningFunction};
pub use types::{
    w_Targs, w_Tcallback, w_Telement, w_Tfailure, w_Tfunction, w_TlogSink, w_Trelease,
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
/// start time (unix seconds), config name. The block stays the caller's. Returns the id, or -1;
/// then the id is free again. When the id is returned and w_LastError has an error all the same, a stub
/// stands in for the script, which cannot run: its hooks refuse, or let everything pass.
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
    call(point!("w_Unload"), 0, || SCRIPTS.unload(id).map(|()| 1))
}

/// The id of the script that was loaded from the path `name`, byte for byte, else of the one with this
/// file name; the lowest where there are several. Returns -1 when no such script is loaded, or for NULL.
///
/// # Safety
/// `name` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Find(name: *const c_char) -> c_int {
    guard(point!("w_Find"), -1, || {
        // SAFETY: the caller's promise is the one `host::bytes` asks for.
        SCRIPTS.find(unsafe { host::bytes(name) }.unwrap_or_default()).unwrap_or(-1)
    })
}

/// Whether the script defines the hook. Any two numbers may be asked. Returns 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn w_HasHook(id: c_int, hook: c_int) -> c_int {
    guard(point!("w_HasHook"), 0, || c_int::from(SCRIPTS.has_hook(id, hook)))
}

/// Calls a script's hook with the packed `params`, which stay the caller's. Returns a block the
/// caller releases, or NULL when the script has no such hook. When the script raises or returns
/// nothing, the result is `l` 1: pass the event on.
/// In hubs without GetIPCity the result's strings live inside the block (release with `free`);
/// in all others each string is an allocation of its own (release with `w_free_args`).
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
        // SAFETY: the caller's promise is the one `host::bytes` and `View::new` ask for; what they give ends
        // with the call.
        let (name, params) = unsafe {
            (host::bytes(name), (!params.is_null()).then(|| View::new(params)).transpose())
        };
        verbs::call_function(id, name, &params).map(Block::into_raw)
    })
}

/// Kept because old hubs look the symbol up; always NULL.
#[unsafe(no_mangle)]
pub extern "C" fn w_GetHook(hook: c_int) -> *mut pyo3_ffi::PyObject {
    let _ = hook;
    std::ptr::null_mut()
}

/// Name of a hook, static, or NULL for a number that is none.
#[unsafe(no_mangle)]
pub extern "C" fn w_HookName(hook: c_int) -> *const c_char {
    guard(point!("w_HookName"), std::ptr::null(), || {
        hooks::get(hook).map_or(std::ptr::null(), |hook| hook.name.as_ptr())
    })
}

/// Name of the callback in a slot of this hub's table, static, or NULL for a slot that is none.
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
    // SAFETY: the caller's promise is the one `host::bytes` and `HostFunction::new` ask for.
    call(point!("w_RegisterFunction"), 0, || unsafe {
        verbs::register(id, host::bytes(name), HostFunction::new(function))
    })
}

/// w_RegisterFunction for a function with data of its own: `user` is passed to each call, and to
/// `release`, if not NULL, once the library gives the function up: when it is taken back or
/// replaced, its script is unloaded or does not load, or it was not registered at all. That may be on
/// any thread that calls scripts, after the last call of the function has returned.
/// `format` has a letter for each argument; what a script passes is checked, and anything else is
/// a TypeError in it. `O` takes any object, and is borrowed until the function returns. With NULL the
/// function gets what comes, as w_RegisterFunction does.
/// Returns 1, or 0 for an unknown id, a NULL name or function, or a bad format.
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
    // SAFETY: the caller's promise is the one `OwningFunction::new` and `host::bytes` ask for.
    call(point!("w_RegisterFunctionEx"), 0, || unsafe {
        let function = OwningFunction::new(function, user, release);
        verbs::register_owning(id, host::bytes(name), host::bytes(format), function)
    })
}

/// Takes a registered function back. Returns 1, or 0 when there is none of that name.
///
/// # Safety
/// `name` is NULL or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_UnregisterFunction(id: c_int, name: *const c_char) -> c_int {
    // SAFETY: the caller's promise is the one `host::bytes` asks for.
    call(point!("w_UnregisterFunction"), 0, || verbs::unregister(id, unsafe { host::bytes(name) }))
}

/// Printable form of a block, `"(null)"` for NULL. Valid until the same thread's next call.
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

/// Statistics of all scripts as JSON text in `*json`: for each hook and function calls, errors,
/// timeouts, times in seconds and the last error; docs/script-guide.md lists the names. The text is
/// the caller's to `free`. Returns 1, or 0 for NULL or without memory.
///
/// # Safety
/// `json` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_Stats(json: *mut *mut c_char) -> c_int {
    // SAFETY: the caller's promise is the one `host::give_text` asks for.
    guard(point!("w_Stats"), 0, || unsafe {
        c_int::from(host::give_text(json, &statistics::json()))
    })
}

/// The same as text that Prometheus reads, in `*text`, the caller's to `free`. Returns 1 or 0.
///
/// # Safety
/// `text` is NULL or a pointer that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_StatsText(text: *mut *mut c_char) -> c_int {
    guard(point!("w_StatsText"), 0, || {
        let metrics = statistics::prometheus();
        // SAFETY: the caller's promise is the one `host::give_text` asks for.
        c_int::from(unsafe { host::give_text(text, metrics.as_bytes()) })
    })
}

/// Gives the records of the log to `sink`, with `user`, instead of printing them; NULL prints them
/// again. `level` is the lowest w_LogLevel that shows the record, `script` an id or -1. The message is
/// UTF-8 and goes when the call ends. What scripts print is no record.
/// The sink is called in the order of the records on a thread of the library, which holds no lock then,
/// and not Python's; so it may call the library. When it is so slow that 4096 records wait, the oldest
/// are dropped, and their number is a record. What the sink itself has logged is printed, and so is
/// a record at which it throws.
/// The sink before has got all its records, and is not called any more, when this returns, and `user`
/// may be freed; w_End too waits until all are delivered. So do not call either with a lock held
/// that the sink takes. A sink that calls them itself is not waited for.
///
/// # Safety
/// `sink` is NULL or stays callable with `user` until it is replaced.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn w_SetLogSink(sink: w_TlogSink, user: *mut c_void) {
    guard(point!("w_SetLogSink"), (), || {
        // SAFETY: the caller's promise is the one `LogSink::new` asks for.
        let sink = unsafe { host::LogSink::new(sink, user) };
        log::set_sink(sink.map(|sink| Arc::new(sink) as Arc<dyn log::Sink>));
    });
}

/// How much is logged: 0 what failed; 1, as long as nothing is set, also values and arguments that make no
/// sense and are passed over; 2 also loads, unloads and calls of `vh` with arguments and results; 3 to 6
/// also calls of hooks and functions with parameters and results.
#[unsafe(no_mangle)]
pub extern "C" fn w_LogLevel(level: c_int) {
    guard(point!("w_LogLevel"), (), || log::set_level(level));
}

/// Why this thread's last call failed. The calls that count are those of w_Begin, w_ReserveID,
/// w_Load, w_Unload, w_CallHook, w_CallFunction and those that register functions; each forgets the
/// error before. w_CallHook has one too when the script raised and the event was passed on or refused.
/// Returns 1 and sets `*json` to a text from malloc, which the caller frees; returns 0 and sets it to
/// NULL when the last call succeeded. The text, UTF-8, is
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

/// Gives a block to the caller, who frees it.
fn into_raw(block: Option<Block>) -> *mut w_Targs {
    block.map_or(std::ptr::null_mut(), Block::into_raw)
}
