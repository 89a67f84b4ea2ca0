//! The module itself. There is one for each interpreter, and one for each script of the main interpreter.

use std::cell::UnsafeCell;
use std::ffi::{CStr, c_int, c_void};
use std::sync::Arc;

use pyo3_ffi as ffi;
use pyo3_ffi::{PyMethodDef, PyModuleDef, PyObject};

use super::binding::{Binding, CAPSULE, bind, context_of_interpreter, set_script, store};
use super::table::{methods, name_of};
use super::{attributes, constants};
use crate::object::{Attached, Exception, Obj, Raised};
use crate::scope;
use crate::trampoline::entry;
use vh_guard::script::ScriptInfo;

/// The module for a script that is loaded into an interpreter of its own. It is a new one, or the one that
/// the interpreter has, which libraries may have imported; then its functions act for this script from now
/// on.
pub fn of_interpreter<'a>(
    attached: Attached<'a>,
    script: &Arc<ScriptInfo>,
) -> Result<Obj<'a>, Raised> {
    set_script(attached, script)?;
    let store = store(attached)?;
    if let (Some(module), Some(functions)) = (store.dict_item(MODULE), store.dict_item(FUNCTIONS)) {
        // A script may have put something else there.
        attached.import(c"sys")?.attribute(c"modules")?.set_dict_item(c"vh", &module)?;
        // SAFETY: no thread runs in an interpreter into which a script is loaded.
        unsafe { renew(&module, &functions, script)? };
        return Ok(module);
    }
    let module = attached.import(c"vh")?;
    store.set_dict_item(FUNCTIONS, &functions_of(&module)?)?;
    store.set_dict_item(MODULE, &module)?;
    Ok(module)
}

/// Where an interpreter keeps its module, and the module's functions, because a script may change the module.
const MODULE: &CStr = c"vh.module";
const FUNCTIONS: &CStr = c"vh.functions";

fn functions_of<'a>(module: &Obj<'a>) -> Result<Obj<'a>, Raised> {
    let names = methods().0.iter().map(|(_, definition)| name_of(definition));
    let functions: Result<Vec<_>, _> = names.map(|name| module.attribute(name)).collect();
    module.attached().list(functions?)
}

/// Resets a module to what `fill` makes, for another load of the script.
///
/// # Safety
/// None of the functions, which `functions_of` listed, is being called.
unsafe fn renew(module: &Obj, functions: &Obj, script: &Arc<ScriptInfo>) -> Result<(), Raised> {
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
            (*binding).script = Some(Arc::clone(script));
        }
        module.set_attribute(name_of(definition), &function)?;
    }
    constants::add(module)?;
    attributes::add(module, script)
}

/// A `vh` module for one script of the main interpreter, not in `sys.modules`.
pub fn own_module<'a>(attached: Attached<'a>, script: &Arc<ScriptInfo>) -> Result<Obj<'a>, Raised> {
    // SAFETY: attached.
    let module = unsafe { attached.take(ffi::PyModule_New(c"vh".as_ptr()))? };
    fill(&module, Some(script))?;
    Ok(module)
}

/// Fills a module with functions and constants and, if it is for one script, with that script's attributes.
fn fill(module: &Obj, script: Option<&Arc<ScriptInfo>>) -> Result<(), Raised> {
    let attached = module.attached();
    for (function, definition) in &methods().0 {
        bind(module, *function, definition, script)?;
    }
    constants::add(module)?;
    match script {
        Some(script) => attributes::add(module, script),
        None => add_getattr(attached, module),
    }
}

/// Gives a `__getattr__` to the module that the scripts of the main interpreter share. It has no attributes
/// of its own, but those of the script that is being called.
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

const DOC: &CStr = c"The hub: what a script can ask it and tell it to do.";

const EXECUTE: unsafe extern "C" fn(*mut PyObject) -> c_int = entry!(slot execute);

fn execute<'a>(attached: Attached<'a>, module: Option<Obj<'a>>) -> Result<(), Raised> {
    let Some(module) = module else { return Err(attached.raise(Exception::Runtime, "no module")) };
    fill(&module, context_of_interpreter(attached).as_ref())
}

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

const END: ffi::PyModuleDef_Slot = ffi::PyModuleDef_Slot { slot: 0, value: std::ptr::null_mut() };

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

/// The init function of the built-in module `vh`.
pub const CREATE: unsafe extern "C" fn() -> *mut PyObject = entry!(module create);

/// # Safety
/// An interpreter is attached.
unsafe fn create() -> *mut PyObject {
    // SAFETY: an interpreter is attached, as the caller promises; the definition is static.
    unsafe { ffi::PyModuleDef_Init(DEFINITION.0.get()) }
}
