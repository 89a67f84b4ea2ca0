//! Blocks as text, for the log and for `w_packprint`.

use std::cell::RefCell;
use std::ffi::c_char;

use super::{Item, View};
use crate::types::w_Targs;
use vh_core::log::{plain, secrets};

/// How a text in a block is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Telling {
    /// As it is, except for passwords in commands.
    Text,
    /// As an SQL query.
    Query,
    /// Not at all, because it is a password.
    Secret,
}

/// A printable form of a block for the log: in one line, with long texts cut and passwords masked. `telling`
/// says how the item at an index is shown.
pub fn brief(view: &View, telling: impl Fn(usize) -> Telling) -> String {
    print(view, |index, text| match telling(index) {
        Telling::Text => plain::quoted(&secrets::masked(text)),
        Telling::Query => plain::quoted(&secrets::masked_query(text)),
        Telling::Secret => plain::quoted(secrets::MASK),
    })
}

/// Shows everything as text, for blocks that have no part that is always secret.
pub fn as_text(_: usize) -> Telling {
    Telling::Text
}

fn print(view: &View, quoted: impl Fn(usize, &[u8]) -> String) -> String {
    let items = view.items().enumerate();
    let items: Vec<_> =
        items.map(|(index, item)| print_item(&item, |text| quoted(index, text))).collect();
    items.join(", ")
}

fn print_item(item: &Item, quoted: impl Fn(&[u8]) -> String) -> String {
    match item {
        Item::Int(number) => number.to_string(),
        Item::Float(number) => format!("{number:?}"),
        Item::Pointer(pointer) if pointer.is_null() => "NULL".into(),
        Item::Pointer(_) => "<pointer>".into(),
        Item::Object(_) => "<object>".into(),
        Item::Unsupported => "<unsupported>".into(),
        Item::Text(None) | Item::Json(None) | Item::List(None) => "NULL".into(),
        Item::Text(Some(text)) | Item::Json(Some(text)) => quoted(text),
        Item::List(Some(texts)) => {
            let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }
    }
}

/// For `w_packprint`: a printable form, kept until this thread's next call of this.
///
/// # Safety
/// `block` is NULL or a live block.
pub unsafe fn print_for_c(block: *const w_Targs) -> *const c_char {
    thread_local! {
        static PRINTED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    if block.is_null() {
        return c"(null)".as_ptr();
    }
    // SAFETY: not NULL, so a live block, as the caller promises; the view is gone before this returns.
    let printed = match unsafe { View::new(block) } {
        Ok(view) => {
            let whole = |_, text: &[u8]| format!("{:?}", String::from_utf8_lossy(text));
            format!("{} ({})", String::from_utf8_lossy(view.format()), print(&view, whole))
        }
        Err(error) => format!("(malformed: {})", error.message()),
    };
    PRINTED.with_borrow_mut(|kept| {
        *kept = printed.into_bytes();
        kept.retain(|&byte| byte != 0);
        kept.push(0);
        kept.as_ptr().cast()
    })
}
