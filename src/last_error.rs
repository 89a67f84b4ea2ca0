//! Why a thread's last call of the library failed: `w_LastError`.
//!
//! A call is one run of an exported function that can fail. Calls nest: a script calls the host,
//! and the host calls the library again. An error belongs to the call it happened in, so it is
//! remembered with that call's depth, and an outer call that succeeds leaves none of an inner one.

use std::cell::{Cell, RefCell};
use std::ffi::c_char;

use crate::json;
use crate::targs;

/// What kind of error it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// The caller passed something that cannot be used.
    Invalid,
    /// No script, function or file is called so.
    NotFound,
    /// Python code raised an exception.
    Python,
    /// It took longer than allowed.
    Timeout,
    /// Somebody called it off.
    Cancelled,
    /// Too much is being done already.
    Busy,
    /// What is needed for it is not there.
    Unavailable,
    /// A value is larger than allowed.
    TooLarge,
    /// It was ended meanwhile.
    Closed,
    /// A fault of the library.
    Internal,
}

impl Code {
    /// Its name for hosts.
    pub fn name(self) -> &'static str {
        match self {
            Code::Invalid => "invalid",
            Code::NotFound => "not_found",
            Code::Python => "python",
            Code::Timeout => "timeout",
            Code::Cancelled => "cancelled",
            Code::Busy => "busy",
            Code::Unavailable => "unavailable",
            Code::TooLarge => "too_large",
            Code::Closed => "closed",
            Code::Internal => "internal",
        }
    }
}

/// An error as hosts read it.
#[derive(Debug)]
pub struct Error {
    /// What kind it is.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// The exception, when Python raised one.
    pub exception: Option<Exception>,
}

/// What is known of a Python exception, beside its text.
#[derive(Debug)]
pub struct Exception {
    /// Name of its type.
    pub kind: String,
    /// What Python prints for it.
    pub traceback: String,
}

/// The call this thread is in, and the one the remembered error belongs to; 0 is none. Apart from
/// the error itself because every call reads and writes it: it needs no destructor.
#[derive(Clone, Copy)]
struct Depths {
    call: u32,
    error: u32,
}

thread_local! {
    static DEPTHS: Cell<Depths> = const { Cell::new(Depths { call: 0, error: 0 }) };
    static ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// A call of a function that can fail, from its start, which forgets the error before, to its end.
#[derive(Debug)]
pub struct Call(());

impl Call {
    /// The call starts.
    #[inline]
    pub fn begin() -> Call {
        let Depths { call, .. } = DEPTHS.get();
        DEPTHS.set(Depths { call: call + 1, error: 0 });
        Call(())
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        let Depths { call, error } = DEPTHS.get();
        let own = if error == call { call } else { 0 };
        DEPTHS.set(Depths { call: call - 1, error: own });
    }
}

/// Logs why the running call fails, and keeps it for `w_LastError`. `script` is the label of the
/// script it is about, or empty.
pub fn fail(code: Code, script: &str, message: String) {
    tracing::error!(script, "{message}");
    set(Error { code, message, exception: None });
}

/// Bytes of a message that are kept: the text of an exception may be of any length.
const LONGEST: usize = 16 * 1024;

/// Keeps why the running call fails.
pub fn set(mut error: Error) {
    if error.message.len() > LONGEST {
        let is_end = |end: &usize| error.message.is_char_boundary(*end);
        let end = (0..=LONGEST).rev().find(is_end).unwrap_or(0);
        let more = error.message.len() - end;
        error.message.truncate(end);
        error.message.push_str(&format!("… ({more} more bytes)"));
    }
    let Depths { call, .. } = DEPTHS.get();
    // What goes wrong while `w_End` unloads scripts is no error of the host's last call.
    if call == 0 {
        return;
    }
    // A thread that is ending has nobody left to ask.
    if ERROR.try_with(|last| *last.borrow_mut() = Some(error)).is_ok() {
        DEPTHS.set(Depths { call, error: call });
    }
}

/// `w_LastError`: whether this thread's last call failed; if so `json` becomes its error.
///
/// # Safety
/// `json` is NULL or points to a place for a pointer.
pub unsafe fn give_to_c(json: *mut *mut c_char) -> bool {
    let failed = DEPTHS.get().error != 0;
    let text = ERROR.try_with(|last| match &*last.borrow() {
        Some(error) if failed && !json.is_null() => targs::malloc_text(&error.to_json()),
        _ => std::ptr::null_mut(),
    });
    if !json.is_null() {
        // SAFETY: by contract.
        unsafe { *json = text.unwrap_or(std::ptr::null_mut()) };
    }
    failed
}

impl Error {
    /// `{"code": …, "type": …, "message": …, "traceback": …}`; null where there is no exception.
    fn to_json(&self) -> Vec<u8> {
        let kind = self.exception.as_ref().map(|exception| exception.kind.as_str());
        let traceback = self.exception.as_ref().map(|exception| exception.traceback.as_str());
        let fields = [
            ("{\"code\":", Some(self.code.name())),
            (",\"type\":", kind),
            (",\"message\":", Some(self.message.as_str())),
            (",\"traceback\":", traceback),
        ];
        let mut out = Vec::new();
        for (key, value) in fields {
            out.extend_from_slice(key.as_bytes());
            match value {
                // C reads the text up to the first NUL, which JSON writes as an escape.
                Some(text) => json::write_text(&mut out, text),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b'}');
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_between_characters_wherever_these_begin() {
        for character in ["é", "中", "\u{1F600}"] {
            for before in 0..4 {
                let message = "a".repeat(before) + &character.repeat(LONGEST);
                let _call = Call::begin();
                set(Error { code: Code::Invalid, message: message.clone(), exception: None });
                let kept = ERROR.with(|last| last.borrow().as_ref().unwrap().message.clone());
                let (head, rest) = kept.split_once("… (").unwrap();
                assert!(message.starts_with(head), "{character}");
                assert!((LONGEST - 3..=LONGEST).contains(&head.len()), "{}", head.len());
                assert_eq!(rest, format!("{} more bytes)", message.len() - head.len()));
            }
        }
    }

    #[test]
    fn a_message_that_fits_is_kept_whole() {
        let _call = Call::begin();
        let message = "中".repeat(LONGEST / 3);
        set(Error { code: Code::Invalid, message: message.clone(), exception: None });
        assert_eq!(ERROR.with(|last| last.borrow().as_ref().unwrap().message.clone()), message);
    }
}
