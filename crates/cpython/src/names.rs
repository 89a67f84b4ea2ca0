//! The names of functions that the host calls, as str objects of the script's interpreter. Making such an
//! object and its hash for each call would take longer than finding the function.

use super::object::{Attached, Guarded, Obj, Owned};
use vh_core::name_hash::name_hash;

/// How many names are kept; a power of two. A name takes the place of another with the same hash.
const PLACES: usize = 64;

/// The names of functions of one script that were called lately.
#[derive(Debug, Default)]
pub struct Names(Guarded<Vec<Option<Name>>>);

#[derive(Debug)]
struct Name {
    bytes: Box<[u8]>,
    object: Owned,
}

impl Names {
    /// What a namespace has under a name.
    ///
    /// # Safety
    /// The script's own interpreter is attached, each time.
    pub unsafe fn find<'a>(&self, namespace: &Obj<'a>, name: &[u8]) -> Option<Obj<'a>> {
        let attached = namespace.attached();
        // SAFETY: the caller promises that the script's interpreter is attached.
        if let Some(known) = unsafe { self.known(attached, name) } {
            return namespace.dict_value(&known);
        }
        match super::convert::from_utf8(attached, name) {
            Ok(text) => {
                let found = namespace.dict_value(&text)?;
                // SAFETY: the caller promises that the script's interpreter is attached. Only what exists is kept: a host may try any name.
                unsafe { self.keep(name, text.interned()) };
                Some(found)
            }
            Err(raised) => {
                attached.clear(raised);
                None
            }
        }
    }

    unsafe fn known<'a>(&self, attached: Attached<'a>, name: &[u8]) -> Option<Obj<'a>> {
        let same = |known: &&Name| *known.bytes == *name;
        // SAFETY: the script's own interpreter is attached; making a reference runs no Python code.
        unsafe {
            self.0.with(attached, |names| {
                let known = names.get(place_of(name))?.as_ref().filter(same)?;
                Some(known.object.get(attached))
            })
        }
    }

    unsafe fn keep(&self, name: &[u8], object: Obj) {
        let attached = object.attached();
        let new = Name { bytes: name.into(), object: object.keep() };
        // SAFETY: the script's own interpreter is attached; only our own list is changed.
        let replaced = unsafe {
            self.0.with(attached, |names| {
                names.resize_with(PLACES, || None);
                names[place_of(name)].replace(new)
            })
        };
        if let Some(replaced) = replaced {
            // SAFETY: the same interpreter is still attached.
            unsafe { replaced.object.release(attached) };
        }
    }

    /// Lets go of all names.
    ///
    /// # Safety
    /// The script's own interpreter is attached.
    pub unsafe fn release(self, attached: Attached<'_>) {
        for name in self.0.into_inner().into_iter().flatten() {
            // SAFETY: the caller promises that the script's interpreter is attached.
            unsafe { name.object.release(attached) };
        }
    }
}

fn place_of(name: &[u8]) -> usize {
    name_hash(name) % PLACES
}
