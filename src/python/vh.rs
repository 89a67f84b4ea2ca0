//! The `vh` module of a script, built from the callback table.
//!
//! Each function is a builtin whose `self` is a capsule naming the row and the script, so that one
//! generic body serves all. In a sub-interpreter the script is the interpreter's only one. In the
//! main interpreter each script is given a module of its own, and the one in `sys.modules`, which
//! modules shared by several scripts import, acts for the script that is being called.

use std::cell::UnsafeCell;
use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::{Arc, OnceLock};

use pyo3_ffi as ffi;
use pyo3_ffi::{PyMethodDef, PyModuleDef, PyObject};

use super::object::{Attached, Exception, Obj, Raised};
use super::scope;
use super::trampoline::entry;
use crate::callbacks::{CALLBACKS, Callback, Default, Outcome};
use crate::carry;
use crate::scripts::Context;

mod arguments;
pub mod attributes;
mod calls;
pub mod constants;
mod results;
mod sql;
mod typed;

const CAPSULE: &CStr = c"vh.function";
const CONTEXT_CAPSULE: &CStr = c"vh.context";

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

/// Functions without a callback of the hub, with their documentation.
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

/// The method table: fixed for the process, no Python object in it.
struct Methods(Vec<(Function, UnsafeCell<PyMethodDef>)>);

// SAFETY: CPython only reads the definitions; nobody writes them after `methods` made them.
unsafe impl Sync for Methods {}
// SAFETY: as above.
unsafe impl Send for Methods {}

fn methods() -> &'static Methods {
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

/// `name(parameters)`, the marker `inspect` looks for, and the sentence of the table.
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
        // Lives as long as the table, which is never dropped.
        ml_doc: doc.into_raw(),
    })
}

/// What a builtin knows: its row, and its script unless it acts for the one being called. In an
/// interpreter of its own that is the script that was loaded last; `renew` changes it.
struct Binding {
    function: Function,
    context: Option<Arc<Context>>,
}

/// # Safety
/// Only for capsules of `bind`, once each.
unsafe fn drop_binding(capsule: *mut PyObject) {
    // SAFETY: only `bind` makes capsules of this name, each with a boxed binding.
    unsafe {
        let binding = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr());
        drop(Box::from_raw(binding.cast::<Binding>()));
    }
}

/// # Safety
/// Only for capsules of `set_context`, once each.
unsafe fn drop_context(capsule: *mut PyObject) {
    // SAFETY: only `set_context` makes capsules of this name, each with a counted reference.
    unsafe {
        let context = ffi::PyCapsule_GetPointer(capsule, CONTEXT_CAPSULE.as_ptr());
        drop(Arc::from_raw(context.cast::<Context>().cast_const()));
    }
}

/// The body of every function of the module.
///
/// # Safety
/// `capsule` is one of `bind`; `arguments` is a vector of `count` arguments followed by one for each
/// keyword.
#[inline]
unsafe fn vh_function<'a>(
    attached: Attached<'a>,
    capsule: *mut PyObject,
    arguments: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    keywords: *mut PyObject,
) -> Result<Obj<'a>, Raised> {
    // SAFETY: a capsule of `bind`, as the caller promises: its context is the binding, which lives as long. The
    // vector is the one that `Given::new` asks for, and Python keeps it until this returns.
    let (binding, given) = unsafe {
        // Unlike the pointer, the context is read without comparing the capsule's name.
        let binding = ffi::PyCapsule_GetContext(capsule).cast::<Binding>();
        (&*binding, arguments::Given::new(attached, arguments, count, keywords))
    };
    run(attached, binding, &given)
}

fn run<'a>(
    attached: Attached<'a>,
    binding: &Binding,
    given: &arguments::Given<'_, 'a>,
) -> Result<Obj<'a>, Raised> {
    match binding.function {
        Function::Callback(callback) => acting_for(attached, binding, |context| {
            calls::callback(attached, context, callback, given)
        }),
        Function::Sql(callback) => {
            acting_for(attached, binding, |context| sql::run(attached, context, callback, given))
        }
        Function::Quote => {
            acting_for(attached, binding, |context| sql::quote(attached, context, given))
        }
        Function::CallDynamic => {
            acting_for(attached, binding, |context| calls::dynamic(attached, context, given))
        }
        Function::Encode => calls::encode(given),
        Function::Decode => calls::decode(given),
        Function::Log => {
            acting_for(attached, binding, |context| calls::log(attached, context, given))
        }
        Function::Stats => calls::stats(attached, given),
    }
}

/// Makes a call for the script it is made for; an error when that is not loaded any more.
#[inline]
fn acting_for<'a>(
    attached: Attached<'a>,
    binding: &Binding,
    call: impl FnOnce(&Context) -> Result<Obj<'a>, Raised>,
) -> Result<Obj<'a>, Raised> {
    let running;
    let context = match &binding.context {
        Some(context) => Some(context),
        None => {
            running = scope::running_script(attached)?;
            running.as_ref()
        }
    };
    match context {
        Some(context) if !context.is_closed() => call(context),
        // Ends a thread of an unloaded script quietly.
        Some(_) => Err(carry::Refusal::ScriptGone.raise(attached, "vh")),
        None => Err(attached.raise(Exception::Runtime, "this is no code of a script")),
    }
}

/// Fills a module with functions, constants and, for one script, its attributes.
fn fill(module: &Obj, context: Option<&Arc<Context>>) -> Result<(), Raised> {
    let attached = module.attached();
    for (function, definition) in &methods().0 {
        bind(module, *function, definition, context)?;
    }
    constants::add(module)?;
    match context {
        Some(context) => attributes::add(module, context),
        None => add_getattr(attached, module),
    }
}

/// The module of an interpreter of its own, when a script is loaded into it: new, or the one that
/// libraries may have imported, whose functions now act for this script.
pub fn of_interpreter<'a>(
    attached: Attached<'a>,
    context: &Arc<Context>,
) -> Result<Obj<'a>, Raised> {
    set_context(attached, context)?;
    let store = store(attached)?;
    if let (Some(module), Some(functions)) = (store.dict_item(MODULE), store.dict_item(FUNCTIONS)) {
        // A script may have put something else in its place.
        attached.import(c"sys")?.attribute(c"modules")?.set_dict_item(c"vh", &module)?;
        // SAFETY: no thread runs in an interpreter into which a script is loaded.
        unsafe { renew(&module, &functions, context)? };
        return Ok(module);
    }
    let module = attached.import(c"vh")?;
    store.set_dict_item(FUNCTIONS, &functions_of(&module)?)?;
    store.set_dict_item(MODULE, &module)?;
    Ok(module)
}

/// Where an interpreter keeps its module and the functions in it, which a script may change.
const MODULE: &CStr = c"vh.module";
const FUNCTIONS: &CStr = c"vh.functions";

fn functions_of<'a>(module: &Obj<'a>) -> Result<Obj<'a>, Raised> {
    let names = methods().0.iter().map(|(_, definition)| name_of(definition));
    let functions: Result<Vec<_>, _> = names.map(|name| module.attribute(name)).collect();
    module.attached().list(functions?)
}

fn name_of(definition: &'static UnsafeCell<PyMethodDef>) -> &'static CStr {
    // SAFETY: a definition of `methods`, which nobody writes; the name is static.
    unsafe { CStr::from_ptr((*definition.get()).ml_name) }
}

/// Puts a module back to what `fill` makes, for another load of the script.
///
/// # Safety
/// None of the functions, which `functions_of` listed, is being called.
unsafe fn renew(module: &Obj, functions: &Obj, context: &Arc<Context>) -> Result<(), Raised> {
    let attached = module.attached();
    // SAFETY: attached; a module's dict is borrowed from it, and the list of its names is new.
    let (namespace, names) = unsafe {
        let namespace = attached.borrow(ffi::PyModule_GetDict(module.as_ptr())).ok_or(Raised)?;
        let names = attached.take(ffi::PyMapping_Keys(namespace.as_ptr()))?;
        (namespace, names)
    };
    for name in names.items() {
        if !name.as_utf8().is_some_and(|name| name.starts_with("__")) {
            namespace.call_method(c"pop", &[name])?;
        }
    }
    for ((_, definition), function) in methods().0.iter().zip(functions.items()) {
        // SAFETY: the list holds what `bind` made: `self` of each is a capsule with a binding. Only a call of
        // the function reads it, and the caller promises that there is none.
        unsafe {
            let capsule = ffi::PyCFunction_GetSelf(function.as_ptr());
            let binding = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Binding>();
            (*binding).context = Some(Arc::clone(context));
        }
        module.set_attribute(name_of(definition), &function)?;
    }
    constants::add(module)?;
    attributes::add(module, context)
}

/// A dict of the attached interpreter for embedders.
fn store(attached: Attached<'_>) -> Result<Obj<'_>, Raised> {
    // SAFETY: attached; the dict is borrowed from the interpreter.
    let store =
        unsafe { attached.borrow(ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get())) };
    store.ok_or_else(|| attached.raise(Exception::Memory, "no memory for the vh module"))
}

fn bind(
    module: &Obj,
    function: Function,
    definition: &'static UnsafeCell<PyMethodDef>,
    context: Option<&Arc<Context>>,
) -> Result<(), Raised> {
    let attached = module.attached();
    let binding = Box::into_raw(Box::new(Binding { function, context: context.cloned() }));
    // SAFETY: attached; the capsule takes over the binding; the definition is never written.
    unsafe {
        let capsule = ffi::PyCapsule_New(
            binding.cast(),
            CAPSULE.as_ptr(),
            Some(entry!(destructor drop_binding)),
        );
        if capsule.is_null() {
            drop(Box::from_raw(binding));
            return Err(Raised);
        }
        let capsule = attached.take(capsule)?;
        ffi::PyCapsule_SetContext(capsule.as_ptr(), binding.cast());
        let name = attached.take(ffi::PyModule_GetNameObject(module.as_ptr()))?;
        let builtin = ffi::PyCFunction_NewEx(definition.get(), capsule.as_ptr(), name.as_ptr());
        let builtin = attached.take(builtin)?;
        module.set_attribute(name_of(definition), &builtin)
    }
}

/// The module shared by the scripts of the main interpreter has no attributes of its own: they are
/// those of the script that is being called.
fn add_getattr(attached: Attached<'_>, module: &Obj) -> Result<(), Raised> {
    struct Definition(UnsafeCell<PyMethodDef>);
    // SAFETY: never written.
    unsafe impl Sync for Definition {}
    static GETATTR: Definition = Definition(UnsafeCell::new(PyMethodDef {
        ml_name: c"__getattr__".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: entry!(function getattr) },
        ml_flags: ffi::METH_O,
        ml_doc: std::ptr::null(),
    }));
    // SAFETY: attached; the definition is static.
    let builtin = unsafe {
        attached.take(ffi::PyCFunction_NewEx(
            GETATTR.0.get(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        ))?
    };
    module.set_attribute(c"__getattr__", &builtin)
}

fn getattr<'a>(attached: Attached<'a>, name: Option<Obj<'a>>) -> Result<Obj<'a>, Raised> {
    let name = name.map(|name| name.to_text()).unwrap_or_default();
    scope::shared_attribute(attached, &name)
}

/// Says which script the interpreter that is attached belongs to.
fn set_context(attached: Attached<'_>, context: &Arc<Context>) -> Result<(), Raised> {
    let pointer = Arc::into_raw(Arc::clone(context)).cast_mut();
    // SAFETY: attached; the capsule takes over the counted reference.
    unsafe {
        let capsule = ffi::PyCapsule_New(
            pointer.cast(),
            CONTEXT_CAPSULE.as_ptr(),
            Some(entry!(destructor drop_context)),
        );
        if capsule.is_null() {
            drop(Arc::from_raw(pointer.cast_const()));
            return Err(Raised);
        }
        let capsule = attached.take(capsule)?;
        store(attached)?.set_dict_item(CONTEXT_CAPSULE, &capsule)
    }
}

/// The script the attached interpreter belongs to; None in the main interpreter.
fn context_of_interpreter(attached: Attached<'_>) -> Option<Arc<Context>> {
    // SAFETY: attached; the capsule holds a counted reference, which is counted once more.
    unsafe {
        let capsule = store(attached).ok()?.dict_item(CONTEXT_CAPSULE)?;
        let context = ffi::PyCapsule_GetPointer(capsule.as_ptr(), CONTEXT_CAPSULE.as_ptr());
        let context = context.cast::<Context>().cast_const();
        Arc::increment_strong_count(context);
        Some(Arc::from_raw(context))
    }
}

/// A `vh` module for one script of the main interpreter, not in `sys.modules`.
pub fn own_module<'a>(attached: Attached<'a>, context: &Arc<Context>) -> Result<Obj<'a>, Raised> {
    // SAFETY: attached.
    let module = unsafe { attached.take(ffi::PyModule_New(c"vh".as_ptr()))? };
    fill(&module, Some(context))?;
    Ok(module)
}

fn execute<'a>(attached: Attached<'a>, module: Option<Obj<'a>>) -> Result<(), Raised> {
    let Some(module) = module else { return Err(attached.raise(Exception::Runtime, "no module")) };
    fill(&module, context_of_interpreter(attached).as_ref())
}

const DOC: &CStr = c"The hub: what a script can ask it and tell it to do.";

const EXECUTE: unsafe extern "C" fn(*mut PyObject) -> c_int = entry!(slot execute);

struct Slots(UnsafeCell<[ffi::PyModuleDef_Slot; 4]>);

// SAFETY: CPython only reads the slots, and nobody writes them.
unsafe impl Sync for Slots {}

static SLOTS: Slots = Slots(UnsafeCell::new([
    ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: EXECUTE as *mut c_void },
    #[cfg(Py_3_12)]
    ffi::PyModuleDef_Slot {
        slot: ffi::Py_mod_multiple_interpreters,
        value: ffi::Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    },
    #[cfg(Py_3_13)]
    ffi::PyModuleDef_Slot { slot: ffi::Py_mod_gil, value: ffi::Py_MOD_GIL_USED },
    END,
    #[cfg(not(Py_3_13))]
    END,
    #[cfg(not(Py_3_12))]
    END,
]));

struct Definition(UnsafeCell<PyModuleDef>);

// SAFETY: CPython writes the definition's own header once, under the main interpreter's lock.
unsafe impl Sync for Definition {}

static DEFINITION: Definition = Definition(UnsafeCell::new(PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: c"vh".as_ptr(),
    m_doc: DOC.as_ptr(),
    m_size: 0,
    m_methods: std::ptr::null_mut(),
    m_slots: SLOTS.0.get().cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
}));

const END: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: 0, value: std::ptr::null_mut() };

/// The init function of the built-in module `vh`.
pub const CREATE: unsafe extern "C" fn() -> *mut PyObject = entry!(module create);

/// # Safety
/// An interpreter is attached.
unsafe fn create() -> *mut PyObject {
    // SAFETY: an interpreter is attached, as the caller promises; the definition is static.
    unsafe { ffi::PyModuleDef_Init(DEFINITION.0.get()) }
}
