//! For which script a function of the module acts, and to which script an interpreter belongs.

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::sync::Arc;

use pyo3_ffi as ffi;
use pyo3_ffi::{PyMethodDef, PyObject};

use super::table::{Function, name_of};
use crate::object::{Attached, Exception, Obj, Raised};
use crate::trampoline::entry;
use vh_guard::script::ScriptInfo;

pub(super) const CAPSULE: &CStr = c"vh.function";
const SCRIPT_CAPSULE: &CStr = c"vh.script";

/// What a builtin knows: its row, and its script, unless it acts for the script that is being called. In an
/// interpreter of the script's own that is the script that was loaded last; `renew` changes it.
pub(super) struct Binding {
    pub(super) function: Function,
    pub(super) script: Option<Arc<ScriptInfo>>,
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

pub(super) fn bind(
    module: &Obj,
    function: Function,
    definition: &'static UnsafeCell<PyMethodDef>,
    script: Option<&Arc<ScriptInfo>>,
) -> Result<(), Raised> {
    let attached = module.attached();
    let binding = Box::into_raw(Box::new(Binding { function, script: script.cloned() }));
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

/// Says to which script the attached interpreter belongs.
pub(super) fn set_script(attached: Attached<'_>, script: &Arc<ScriptInfo>) -> Result<(), Raised> {
    let pointer = Arc::into_raw(Arc::clone(script)).cast_mut();
    // SAFETY: attached; the capsule takes over the counted reference.
    unsafe {
        let capsule = ffi::PyCapsule_New(
            pointer.cast(),
            SCRIPT_CAPSULE.as_ptr(),
            Some(entry!(destructor drop_context)),
        );
        if capsule.is_null() {
            drop(Arc::from_raw(pointer.cast_const()));
            return Err(Raised);
        }
        let capsule = attached.take(capsule)?;
        store(attached)?.set_dict_item(SCRIPT_CAPSULE, &capsule)
    }
}

/// # Safety
/// Only for capsules of `set_script`, once each.
unsafe fn drop_context(capsule: *mut PyObject) {
    // SAFETY: only `set_script` makes capsules of this name, each with a counted reference.
    unsafe {
        let script = ffi::PyCapsule_GetPointer(capsule, SCRIPT_CAPSULE.as_ptr());
        drop(Arc::from_raw(script.cast::<ScriptInfo>().cast_const()));
    }
}

/// The script to which the attached interpreter belongs; None in the main interpreter.
pub(super) fn context_of_interpreter(attached: Attached<'_>) -> Option<Arc<ScriptInfo>> {
    // SAFETY: attached; the capsule holds a counted reference, which is counted once more.
    unsafe {
        let capsule = store(attached).ok()?.dict_item(SCRIPT_CAPSULE)?;
        let script = ffi::PyCapsule_GetPointer(capsule.as_ptr(), SCRIPT_CAPSULE.as_ptr());
        let script = script.cast::<ScriptInfo>().cast_const();
        Arc::increment_strong_count(script);
        Some(Arc::from_raw(script))
    }
}

/// The attached interpreter's dict for embedders.
pub(super) fn store(attached: Attached<'_>) -> Result<Obj<'_>, Raised> {
    // SAFETY: attached; the dict is borrowed from the interpreter.
    let store =
        unsafe { attached.borrow(ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get())) };
    store.ok_or_else(|| attached.raise(Exception::Memory, "no memory for the vh module"))
}
