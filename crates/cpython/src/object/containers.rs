//! Tuples, lists and dicts: making them, and their items.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::{Attached, Obj, Raised};

impl<'a> Attached<'a> {
    /// A tuple of these items.
    pub fn tuple(self, items: Vec<Obj<'a>>) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached; each slot is filled once with a strong reference.
        unsafe {
            let tuple = self.take(ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
            for (index, item) in items.into_iter().enumerate() {
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, item.into_raw());
            }
            Ok(tuple)
        }
    }

    /// A list of these items.
    pub fn list<I>(self, items: I) -> Result<Obj<'a>, Raised>
    where
        I: IntoIterator<Item = Obj<'a>>,
        I::IntoIter: ExactSizeIterator,
    {
        let items = items.into_iter();
        // SAFETY: attached; each slot is filled once with a strong reference.
        unsafe {
            let list = self.take(ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
            for (index, item) in items.enumerate() {
                ffi::PyList_SET_ITEM(list.as_ptr(), index as ffi::Py_ssize_t, item.into_raw());
            }
            Ok(list)
        }
    }

    /// An empty dict.
    pub fn dict(self) -> Result<Obj<'a>, Raised> {
        // SAFETY: attached.
        unsafe { self.take(ffi::PyDict_New()) }
    }

    /// A dict of `pairs`, which are a key, its value, the next key, and so on.
    pub fn dict_of(self, pairs: &[Obj<'a>]) -> Result<Obj<'a>, Raised> {
        let dict = self.dict()?;
        for pair in pairs.as_chunks::<2>().0 {
            dict.set_dict_pair(&pair[0], &pair[1])?;
        }
        Ok(dict)
    }
}

impl<'a> Obj<'a> {
    /// The items that a tuple or list has now; none for anything else.
    pub fn items(&self) -> Vec<Obj<'a>> {
        if !self.is_tuple() && !self.is_list() {
            return Vec::new();
        }
        // SAFETY: attached; the index is in range; the references are made strong at once, and no
        // Python code runs in between.
        unsafe {
            let (length, item): (_, unsafe fn(_, _) -> _) = if self.is_tuple() {
                (ffi::PyTuple_GET_SIZE(self.as_ptr()), |o, i| ffi::PyTuple_GET_ITEM(o, i))
            } else {
                (ffi::PyList_GET_SIZE(self.as_ptr()), |o, i| ffi::PyList_GET_ITEM(o, i))
            };
            (0..length)
                .filter_map(|index| self.attached.borrow(item(self.as_ptr(), index)))
                .collect()
        }
    }

    /// The item that a tuple or list has at an index now; None behind the end, and for anything else.
    #[inline]
    pub fn item(&self, index: usize) -> Option<Obj<'a>> {
        let index = index as ffi::Py_ssize_t;
        // SAFETY: attached; the index is in range, and the reference is made strong at once.
        unsafe {
            if self.is_list() && index < ffi::PyList_GET_SIZE(self.as_ptr()) {
                self.attached.borrow(ffi::PyList_GET_ITEM(self.as_ptr(), index))
            } else if self.is_tuple() && index < ffi::PyTuple_GET_SIZE(self.as_ptr()) {
                self.attached.borrow(ffi::PyTuple_GET_ITEM(self.as_ptr(), index))
            } else {
                None
            }
        }
    }

    /// The value of a key in a dict; None when it has no such key.
    pub fn dict_item(&self, key: &CStr) -> Option<Obj<'a>> {
        // SAFETY: attached; the reference is made strong at once. It raises nothing for text keys.
        unsafe { self.attached.borrow(ffi::PyDict_GetItemString(self.as_ptr(), key.as_ptr())) }
    }

    /// The value of a key that is a str object; None when the dict has no such key.
    #[inline]
    pub fn dict_value(&self, key: &Obj) -> Option<Obj<'a>> {
        // SAFETY: attached; the reference is made strong at once. It raises nothing for str keys.
        unsafe { self.attached.borrow(ffi::PyDict_GetItemWithError(self.as_ptr(), key.as_ptr())) }
    }

    /// Sets an item of a dict.
    pub fn set_dict_item(&self, key: &CStr, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached.
        let failed =
            unsafe { ffi::PyDict_SetItemString(self.as_ptr(), key.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }

    /// Sets an item of a dict whose key is an object.
    pub fn set_dict_pair(&self, key: &Obj, value: &Obj) -> Result<(), Raised> {
        // SAFETY: attached; a dict.
        let failed = unsafe { ffi::PyDict_SetItem(self.as_ptr(), key.as_ptr(), value.as_ptr()) };
        if failed == 0 { Ok(()) } else { Err(Raised) }
    }
}
