//! The C++ side of the interface: `cxx.cpp` handles `std::vector<std::string>`, this file exports
//! its one public function and gives the rest safe shapes.

use std::ffi::{c_char, c_void};

use super::boundary::guard;
use super::jumps::{jump, visible_to_c};
use crate::panics::point;
use crate::{hub, targs};

unsafe extern "C" {
    #[link_name = "_ZN2vh19string_list_to_jsonERKSt6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS6_EE"]
    fn string_list_to_json();
    fn vh_vector_size(vector: *const c_void) -> usize;
    fn vh_vector_text(vector: *const c_void, index: usize, length: *mut usize) -> *const c_char;
    fn vh_vector_delete(vector: *mut c_void);
}

/// `std::string nVerliHub::nPythonPlugin::stringListToJson(std::vector<std::string> const&)`,
/// which the plugin of the `python3` hubs imports.
///
/// # Safety
/// A C++ function: never call it from Rust.
#[unsafe(export_name = "_ZN9nVerliHub13nPythonPlugin16stringListToJsonERKSt6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS7_EE")]
#[unsafe(naked)]
pub unsafe extern "C" fn nverlihub_npythonplugin_string_list_to_json() {
    jump!(string_list_to_json);
}

visible_to_c!("vh_json_of_texts" => json_of_texts);

/// JSON array of texts in the hub's encoding, for `cxx.cpp`. The caller frees the result.
unsafe extern "C" fn json_of_texts(
    count: usize,
    texts: *const *const c_char,
    lengths: *const usize,
) -> *mut c_char {
    guard(point!("stringListToJson"), std::ptr::null_mut(), || {
        let texts = (0..count).map(|index| {
            // SAFETY: cxx.cpp passes arrays of `count` entries, each text alive and of that length.
            unsafe {
                std::slice::from_raw_parts((*texts.add(index)).cast::<u8>(), *lengths.add(index))
            }
        });
        targs::malloc_text(&hub::json_of_texts(texts))
    })
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
