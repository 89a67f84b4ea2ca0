//! Texts and lists of texts in memory of `malloc`, which C releases with `free`.

use std::ffi::{c_char, c_void};

use super::text;

/// A `malloc` copy of `text` with a NUL at its end; NULL when there is no memory.
#[inline]
pub fn malloc_text(text: &[u8]) -> *mut c_char {
    // SAFETY: the allocation has room for the text and its NUL.
    unsafe {
        let copy = libc::malloc(text.len() + 1).cast::<u8>();
        if !copy.is_null() {
            copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
            copy.add(text.len()).write(0);
        }
        copy.cast()
    }
}

/// A NULL-terminated `malloc` list of `malloc` texts; NULL when there is no memory.
pub(super) fn malloc_list(texts: &[Vec<u8>]) -> *mut *mut c_char {
    // SAFETY: the allocation has room for the pointers and the NULL at their end (calloc's zero).
    unsafe {
        let list = libc::calloc(texts.len() + 1, size_of::<*mut c_char>()).cast::<*mut c_char>();
        if list.is_null() {
            return list;
        }
        for (index, text) in texts.iter().enumerate() {
            let copy = malloc_text(text);
            if copy.is_null() {
                free_list(list);
                return std::ptr::null_mut();
            }
            list.add(index).write(copy);
        }
        list
    }
}

/// Frees a NULL-terminated list and its texts.
///
/// # Safety
/// `list` and each of its texts are allocations of their own, the last pointer is NULL, and nobody uses them
/// any more.
pub(super) unsafe fn free_list(list: *mut *mut c_char) {
    // SAFETY: no pointer behind the NULL at the end is read; what is freed are allocations of their own, as
    // the caller promises.
    unsafe {
        let mut entry = list;
        while !(*entry).is_null() {
            libc::free((*entry).cast());
            entry = entry.add(1);
        }
        libc::free(list.cast());
    }
}

/// Frees the cells of an `SQL` result after reading them.
///
/// # Safety
/// `cells` is NULL or a `malloc` array of `count` pointers, each NULL or a `malloc` C string, and nobody else
/// uses or frees them.
pub unsafe fn take_cells(cells: *mut c_void, count: usize) -> Vec<Option<Vec<u8>>> {
    let cells = cells.cast::<*mut c_char>();
    if cells.is_null() {
        return Vec::new();
    }
    // SAFETY: the array has `count` pointers, as the caller promises; each is NULL or a C string that is read
    // before it is freed, and freed once.
    unsafe {
        let taken = (0..count)
            .map(|index| {
                let cell = *cells.add(index);
                let bytes = text(cell).map(<[u8]>::to_vec);
                libc::free(cell.cast());
                bytes
            })
            .collect();
        libc::free(cells.cast());
        taken
    }
}
