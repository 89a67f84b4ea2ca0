//! Running Python code: imports, attributes and calls.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::{Attached, Obj, Raised};

impl<'a> Attached<'a> {
    /// Imports a module.
    pub fn import(self, name: &CStr) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyImport_ImportModule(name.as_ptr())) }
    }

    /// A dict that code can run in.
    pub fn namespace(self) -> Result<Obj<'a>, Raised> {
        let namespace = self.dict()?;
        // SAFETY: attached; the builtins are borrowed.
        if let Some(builtins) = unsafe { self.borrow(ffi::PyEval_GetBuiltins()) } {
            namespace.set_dict_item(c"__builtins__", &builtins)?;
        }
        Ok(namespace)
    }

    /// Runs a few lines of our Python code in a namespace of their own, which is returned.
    pub fn run(self, source: &CStr) -> Result<Obj<'a>, Raised> {
        let namespace = self.namespace()?;
        // SAFETY: attached; the source is a C string.
        unsafe {
            self.take(ffi::PyRun_StringFlags(
                source.as_ptr(),
                ffi::Py_file_input,
                namespace.as_ptr(),
                namespace.as_ptr(),
                std::ptr::null_mut(),
            ))?;
        }
        Ok(namespace)
    }
}

impl<'a> Obj<'a> {
    /// An attribute.
    pub fn attribute(&self, name: &CStr) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.attached.take(ffi::PyObject_GetAttrString(self.as_ptr(), name.as_ptr())) }
    }

    /// Sets an attribute.
    pub fn set_attribute(&self, name: &CStr, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached.
        let failed =
            unsafe { ffi::PyObject_SetAttrString(self.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }

    /// Calls it.
    pub fn call(&self, arguments: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; an `Obj` is nothing but its pointer, and they are alive during the call.
        unsafe {
            self.attached.take(ffi::PyObject_Vectorcall(
                self.as_ptr(),
                arguments.as_ptr().cast(),
                arguments.len(),
                std::ptr::null_mut(),
            ))
        }
    }

    /// Calls a method.
    pub fn call_method(&self, name: &CStr, arguments: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        self.attribute(name)?.call(arguments)
    }
}
