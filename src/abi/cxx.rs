//! The C++ side of the interface: exports its one public function, which is written in `cxx.cpp`.

use std::ffi::c_char;

use super::boundary::guard;
use super::symbols::{jump, visible_to_c};
use vh_core::panics::point;
use vh_host::hub;
use vh_host::targs;

unsafe extern "C" {
    #[link_name = "_ZN2vh19string_list_to_jsonERKSt6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS6_EE"]
    fn string_list_to_json();
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
