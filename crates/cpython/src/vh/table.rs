//! The table of the module's functions: one for each callback of the hub, and some of the library's own.

use std::cell::UnsafeCell;
use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use pyo3_ffi as ffi;
use pyo3_ffi::PyMethodDef;

use super::vh_function;
use crate::trampoline::entry;
use vh_core::callbacks::{CALLBACKS, Callback, Default, Outcome};

/// What a builtin of the module does.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// Calls the hub.
    Callback(&'static Callback),
    /// `SQL`: calls the hub with values in the query.
    Sql(&'static Callback),
    /// `quote`: a value as an SQL literal.
    Quote,
    /// `CallDynamicFunction`: calls what the host registered.
    CallDynamic,
    /// `encode`: protocol characters become entities.
    Encode,
    /// `decode`: the reverse.
    Decode,
    /// `log`: a line in the hub's log.
    Log,
    /// `stats`: the statistics of all scripts.
    Stats,
}

/// The library's own functions, with their documentation.
const OWN_FUNCTIONS: [(&CStr, Function, &str); 8] = [
    (
        c"CallDynamicFunction",
        Function::CallDynamic,
        "CallDynamicFunction(name, *args)\n--\n\nCall a function the host registered for this script.",
    ),
    (
        c"encode",
        Function::Encode,
        "encode(text)\n--\n\nWrite the characters the protocol reserves as entities.",
    ),
    (c"Encode", Function::Encode, "Encode(text)\n--\n\nThe same as encode."),
    (c"decode", Function::Decode, "decode(text)\n--\n\nRead the entities that encode writes."),
    (c"Decode", Function::Decode, "Decode(text)\n--\n\nThe same as decode."),
    (
        c"quote",
        Function::Quote,
        "quote(value)\n--\n\nA value as text for a query, right for the hub's database.",
    ),
    (
        c"log",
        Function::Log,
        "log(message, level=None)\n--\n\nWrite a line, or a record of Python's logging, to the hub's log.",
    ),
    (
        c"stats",
        Function::Stats,
        "stats(form='dict')\n--\n\nStatistics of all scripts, as a dict or as text for 'prometheus'.",
    ),
];

/// The method table, which is fixed for the process. There is no Python object in it.
pub(super) struct Methods(pub(super) Vec<(Function, UnsafeCell<PyMethodDef>)>);

// SAFETY: CPython only reads the definitions; nobody writes them after `methods` made them.
unsafe impl Sync for Methods {}

// SAFETY: as above.
unsafe impl Send for Methods {}

pub(super) fn methods() -> &'static Methods {
    static METHODS: OnceLock<Methods> = OnceLock::new();
    METHODS.get_or_init(|| {
        let callbacks = CALLBACKS
            .iter()
            .filter(|callback| callback.outcome != Outcome::Unused)
            .map(|callback| (callback.name, function_of(callback), documentation(callback)));
        let own = OWN_FUNCTIONS.iter().map(|(name, function, doc)| {
            (*name, *function, CString::new(*doc).expect("no NUL in it"))
        });
        Methods(callbacks.chain(own).map(|(name, f, doc)| (f, definition(name, doc))).collect())
    })
}

fn function_of(callback: &'static Callback) -> Function {
    match callback.outcome {
        Outcome::Rows => Function::Sql(callback),
        _ => Function::Callback(callback),
    }
}

/// The documentation of a function: `name(parameters)`, the marker for which `inspect` looks, and the
/// sentence of the table.
fn documentation(callback: &Callback) -> CString {
    let parameters: Vec<String> = callback
        .params
        .iter()
        .map(|param| match param.default {
            Default::Required => param.name.to_owned(),
            Default::Null => format!("{}=None", param.name),
            Default::Empty => format!("{}=''", param.name),
            Default::Number(number) => format!("{}={number}", param.name),
        })
        .collect();
    let name = callback.name.to_string_lossy();
    CString::new(format!("{name}({})\n--\n\n{}", parameters.join(", "), callback.doc))
        .expect("no NUL in the table")
}

fn definition(name: &'static CStr, doc: CString) -> UnsafeCell<PyMethodDef> {
    UnsafeCell::new(PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: entry!(vectorcall vh_function),
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        // It lives as long as the table, which is never dropped.
        ml_doc: doc.into_raw(),
    })
}

pub(super) fn name_of(definition: &'static UnsafeCell<PyMethodDef>) -> &'static CStr {
    // SAFETY: a definition of `methods`, which nobody writes; the name is static.
    unsafe { CStr::from_ptr((*definition.get()).ml_name) }
}
