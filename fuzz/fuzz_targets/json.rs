//! JSON text to objects and back, in a live interpreter, with Python's own `json` as the judge.
#![no_main]

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use vh_core::callbacks::MAX_CALLBACKS;
use vh_python_wrapper_fuzz::{Hub, Script, c_string, hub};

fn script() -> i32 {
    static SCRIPT: OnceLock<i32> = OnceLock::new();
    *SCRIPT.get_or_init(|| {
        let hub = Hub::begin([None; MAX_CALLBACKS]);
        hub.load(Script { file: "json_judge.py", runtime: "sub" })
    })
}

fn call(function: &CStr, format: &CStr, texts: &[&CString]) -> Option<Vec<u8>> {
    hub::call(script(), &function.into(), &format.into(), texts)
}

/// What the library writes for the value it read from `text`; None when it refused the text.
fn written(text: &CString) -> Option<CString> {
    match call(c"accepted", c"Ds", &[text, text]) {
        None => {
            let reason = call(c"refused", c"s", &[text]).expect("the judge answers");
            let reason = String::from_utf8_lossy(&reason).into_owned();
            assert!(["no JSON", "too deep"].contains(&reason.as_str()), "{text:?}: {reason}");
            None
        }
        Some(opinion) => {
            assert_eq!(String::from_utf8_lossy(&opinion), "same", "{text:?}");
            Some(c_string(&call(c"written", c"D", &[text]).expect("what was read can be written")))
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Some(first) = written(&c_string(data)) {
        assert_eq!(written(&first).as_ref(), Some(&first), "written anew");
    }
});
