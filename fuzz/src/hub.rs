//! A hub with live interpreters: a callback table, and scripts that are loaded once and stay.

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::{Path, PathBuf};

use vh_python_wrapper::abi::{
    w_Begin, w_CallFunction, w_Load, w_ReserveID, w_Targs, w_Tcallback, w_free_args,
};
use vh_core::callbacks::MAX_CALLBACKS;

use crate::blocks::{element, text_of};
use crate::{c_string, pack, silence_log};

unsafe extern "C" {
    fn Py_GetVersion() -> *const c_char;
}

/// A file of `fuzz/scripts` to load in a runtime.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// The file's name.
    pub file: &'static str,
    /// A name for `VH_PYTHON_RUNTIME`.
    pub runtime: &'static str,
}

/// Begun, never ended: the fuzzer's process goes as hubs go that are killed.
#[derive(Debug)]
pub struct Hub {
    table: &'static [w_Tcallback; MAX_CALLBACKS],
}

impl Hub {
    /// Begins with this table. Containers are JSON, as in the newest hubs.
    pub fn begin(table: [w_Tcallback; MAX_CALLBACKS]) -> Hub {
        silence_log();
        // Python's own arenas would hide what lies in them from AddressSanitizer.
        // SAFETY: no other thread runs yet.
        unsafe {
            std::env::set_var("PYTHONMALLOC", "malloc");
            std::env::set_var("VH_PYTHON_GENERATION", "python3");
        }
        let hub = Hub { table: Box::leak(Box::new(table)) };
        hub.begin_again();
        hub
    }

    /// After `w_End`.
    pub fn begin_again(&self) {
        let table = std::ptr::from_ref(self.table).cast_mut().cast();
        // SAFETY: the table is never freed, and never written.
        assert_eq!(unsafe { w_Begin(table) }, 1, "w_Begin failed: see the log");
    }

    /// Loads a script; its id.
    pub fn load(&self, script: Script) -> c_int {
        // SAFETY: only this thread reads or writes the environment.
        unsafe { std::env::set_var("VH_PYTHON_RUNTIME", runtime_here(script.runtime)) };
        let id = load_file(w_ReserveID(), &folder().join(script.file));
        assert!(id >= 0, "{script:?} did not load: see the log");
        id
    }
}

/// The runtime a script asks for, or what this Python has instead of it.
fn runtime_here(wanted: &'static str) -> &'static str {
    // SAFETY: may always be called; the text is static.
    let version = unsafe { CStr::from_ptr(Py_GetVersion()) }.to_string_lossy();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok());
    if wanted == "own-gil" && minor < Some(12) { "sub" } else { wanted }
}

/// `w_Load`.
pub fn load_file(id: c_int, path: &Path) -> c_int {
    let path = c_string(path.as_os_str().as_encoded_bytes());
    let texts = [path.as_ptr(), c"HubBot".as_ptr(), c"OpChat".as_ptr(), c".".as_ptr()];
    let [path, bot, op_chat, config_dir] = texts.map(|text| text as u64);
    let name = c"config".as_ptr() as u64;
    let values = [id as u64, path, bot, op_chat, config_dir, 1_700_000_000, name];
    let block = pack(&CString::from(c"lssssls"), &values);
    // SAFETY: the block is live with its strings, which are not its own.
    unsafe {
        let loaded = w_Load(block);
        libc::free(block.cast());
        loaded
    }
}

/// Calls a function of a script with texts, the first of which may be a JSON text. The text the
/// function returns; None when there is no result.
pub fn call(
    id: c_int,
    function: &CString,
    format: &CString,
    texts: &[&CString],
) -> Option<Vec<u8>> {
    let values: Vec<u64> = texts.iter().map(|text| text.as_ptr() as u64).collect();
    let block = pack(format, &values);
    // SAFETY: the block is live with its strings, which are not its own; the result is ours.
    unsafe {
        let result: *mut w_Targs = w_CallFunction(id, function.as_ptr(), block);
        libc::free(block.cast());
        if result.is_null() {
            return None;
        }
        let letter = *(*result).format as u8;
        assert!(letter == b's' || letter == b'D', "the result is no text");
        let text: *const c_char = (*element(result, 0)).value.s;
        let text = text_of(text).expect("the text is not NULL").to_vec();
        w_free_args(result);
        Some(text)
    }
}

/// Where the scripts are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}
