//! Names that are the same in many interpreters, kept once for the process and outside of all of them.

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use crate::object::{Attached, Obj, Raised};

/// Lists of names that many interpreters have in common. Each name ends with a NUL, and so does each list.
static NAMES: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());
/// How many lists there are at most. Few are needed, because interpreters are alike before their scripts run.
const MOST_NAMES: usize = 16;

/// Keeps the names in a list of mappings, once for the process. Gives the number of that list of names, or
/// None when they are not plain names, or when too many lists are kept already.
pub fn share_names<'a>(
    attached: Attached<'a>,
    mappings: Option<Obj<'a>>,
) -> Result<Obj<'a>, Raised> {
    let mappings = mappings.map(|mappings| mappings.items()).unwrap_or_default();
    match joined_names(attached, &mappings)?.and_then(number_of) {
        Some(number) => attached.int(number as i64),
        None => Ok(attached.none()),
    }
}

fn joined_names(attached: Attached<'_>, mappings: &[Obj<'_>]) -> Result<Option<Vec<u8>>, Raised> {
    let mut joined = Vec::new();
    for mapping in mappings {
        // SAFETY: attached; a new reference to a list, or NULL.
        let names = unsafe { attached.take(ffi::PyMapping_Keys(mapping.as_ptr()))? };
        for name in names.items() {
            match name.as_utf8() {
                Some(name) if name.is_empty() || name.contains('\0') => return Ok(None),
                Some(name) => joined.extend_from_slice(name.as_bytes()),
                None => return Ok(None),
            }
            joined.push(0);
        }
        joined.push(0);
    }
    Ok(Some(joined))
}

fn number_of(names: Vec<u8>) -> Option<usize> {
    let mut all = NAMES.lock();
    if let Some(number) = all.iter().position(|known| **known == *names) {
        return Some(number);
    }
    let is_room = all.len() < MOST_NAMES;
    is_room.then(|| all.push(names.into())).map(|()| all.len() - 1)
}

/// The names that were kept under a number.
pub fn shared_names<'a>(
    attached: Attached<'a>,
    number: Option<Obj<'a>>,
) -> Result<Obj<'a>, Raised> {
    let number = number.and_then(|number| usize::try_from(number.as_i64()?).ok());
    let joined = number.and_then(|number| NAMES.lock().get(number).cloned()).unwrap_or_default();
    let (mut lists, mut names) = (Vec::new(), Vec::new());
    for name in joined.split_inclusive(|&byte| byte == 0) {
        match name {
            [0] => lists.push(attached.list(std::mem::take(&mut names))?),
            [name @ .., _] => names.push(attached.decode(name, None)?.interned()),
            [] => {}
        }
    }
    attached.list(lists)
}
