//! Reading a `std::vector<std::string>` of the hub, by means of `cxx.cpp`.

use std::ffi::{c_char, c_void};

unsafe extern "C" {
    fn vh_vector_size(vector: *const c_void) -> usize;
    fn vh_vector_text(vector: *const c_void, index: usize, length: *mut usize) -> *const c_char;
    fn vh_vector_delete(vector: *mut c_void);
}

/// Takes over a `std::vector<std::string>` of the hub: its texts; the vector is deleted.
///
/// # Safety
/// `vector` is NULL or such a vector made by C++ `new`, not used afterwards.
pub unsafe fn take_texts(vector: *mut c_void) -> Vec<Vec<u8>> {
    if vector.is_null() {
        return Vec::new();
    }
    // SAFETY: by this function's contract the vector is alive until it is deleted below.
    unsafe {
        let texts = (0..vh_vector_size(vector))
            .map(|index| {
                let mut length = 0;
                let text = vh_vector_text(vector, index, &raw mut length);
                std::slice::from_raw_parts(text.cast::<u8>(), length).to_vec()
            })
            .collect();
        vh_vector_delete(vector);
        texts
    }
}
