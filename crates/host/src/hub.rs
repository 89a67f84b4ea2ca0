//! The hub: which generation it is, its live callback table, its text encoding.
//!
//! `w_Begin` tells the generation by the slots that are NULL in the table (`recognise`). It decides three
//! things, which are the fields of [`Generation`].

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::host_functions::{self, Answer};
use crate::native::{CallbackTable, HostFunction, TableCopy, TablePlace};
use crate::targs::{Block, Item, Piece, Storage};
use vh_core::callbacks::{CALLBACKS, Callback, GET_CONFIG, MAX_CALLBACKS, Numbering};
use vh_core::config;
use vh_core::text::{self, Encoding};

/// What depends on which generation of hub loaded us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Generation {
    /// Slots of the callback table.
    pub numbering: Numbering,
    /// How this hub releases hook results.
    pub hook_storage: Storage,
    /// What tuples and lists become that functions return.
    pub containers: Containers,
}

/// What a function's tuple, or list of texts, becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Containers {
    /// A block of the format `tab`, or `L`.
    Native,
    /// JSON text, `D`.
    Json,
}

const CLASSIC: Generation = Generation {
    numbering: Numbering::Classic,
    hook_storage: Storage::Inside,
    containers: Containers::Native,
};
const PYTHON3: Generation = Generation {
    numbering: Numbering::Python3,
    hook_storage: Storage::Separate,
    containers: Containers::Json,
};
/// For a table that fits no hub: that of a test host, written against our header.
const OTHER: Generation = Generation { containers: Containers::Native, ..PYTHON3 };

/// The host's callback table; NULL when there is no host. It is read at every call a script makes, because
/// hosts fill slots when they like.
static TABLE: TablePlace = TablePlace::empty();
/// What the table had at `w_Begin`. The library calls nothing else on its own account: some hosts fill slots
/// later for their scripts and expect no other calls, and others use the memory of the table for something
/// else by then.
static OFFERED: TableCopy = TableCopy::empty();
/// The generation, by its place in `GENERATIONS`.
static GENERATION: AtomicUsize = AtomicUsize::new(GENERATIONS.len() - 1);
const GENERATIONS: [Generation; 3] = [CLASSIC, PYTHON3, OTHER];
/// The number of the hub's encoding, or `UNKNOWN` until the hub was asked.
static ENCODING: AtomicUsize = AtomicUsize::new(UNKNOWN);
const UNKNOWN: usize = usize::MAX;

/// Keeps the table and recognises the generation of the hub.
pub fn begin(table: CallbackTable) {
    let generation = named_generation().unwrap_or_else(|| recognise(table));
    tracing::debug!("the hub is recognised as {generation:?}");
    let number = GENERATIONS.iter().position(|known| *known == generation);
    GENERATION.store(number.expect("every generation is in the list"), Ordering::Release);
    forget_encoding();
    OFFERED.set(Some(table));
    TABLE.set(Some(table));
}

/// Forgets the table; calls then raise until the next `begin`.
pub fn end() {
    TABLE.set(None);
    OFFERED.set(None);
    forget_encoding();
}

/// The generation that `VH_PYTHON_GENERATION` names.
fn named_generation() -> Option<Generation> {
    let name = config::text("VH_PYTHON_GENERATION").unwrap_or_else(|reason| {
        tracing::error!("{reason}: the hub's callback table decides instead");
        None
    })?;
    match name.as_str() {
        // Both have the same table; they differ in whether they call functions at all.
        "classic" | "bidirectional" => Some(CLASSIC),
        "python3" => Some(PYTHON3),
        _ => {
            tracing::error!(
                "VH_PYTHON_GENERATION is {name:?}, which is none of classic, bidirectional, \
                 python3: the hub's callback table decides instead"
            );
            None
        }
    }
}

/// The generation by the table: hubs leave the slots of three functions empty that they never had, and
/// `GetIPCity` shifts those slots.
fn recognise(table: CallbackTable) -> Generation {
    let set = |slot| table.get(slot).is_some();
    let empty = |slot| !set(slot);
    if empty(42) && empty(43) && empty(44) && set(45) {
        CLASSIC
    } else if set(42) && empty(43) && empty(44) && empty(45) && set(46) {
        PYTHON3
    } else {
        OTHER
    }
}

/// The generation of the hub.
#[inline]
pub fn generation() -> Generation {
    GENERATIONS[GENERATION.load(Ordering::Acquire)]
}

/// The slot numbers of the hub's table.
#[inline]
pub fn numbering() -> Numbering {
    generation().numbering
}

/// The slot of a callback in this hub's table.
#[inline]
fn slot_of(callback: &Callback) -> Option<usize> {
    callback.slot_in(numbering()).filter(|&slot| slot < MAX_CALLBACKS)
}

/// What this hub has in the slot of a callback now.
#[inline]
fn in_table(callback: &Callback) -> Option<HostFunction> {
    TABLE.get()?.get(slot_of(callback)?)
}

/// Calls a callback of the hub for a script; None when this hub does not offer it. The interpreter must be
/// left and no lock of ours held.
#[inline]
pub fn call(callback: &Callback, script: i32, args: Block) -> Option<Answer> {
    Some(host_functions::call(in_table(callback)?, script, args))
}

/// Calls a callback of the hub on the library's own account, in the name of a script: to ask for
/// `hub_encoding`, or to tell operators something. None when the hub did not offer it at `w_Begin`; `args` is
/// called only when it did. The interpreter must be left and no lock of ours held.
pub fn call_for_library(
    callback: &Callback,
    script: i32,
    args: impl FnOnce() -> Option<Block>,
) -> Option<Answer> {
    let function = OFFERED.get(slot_of(callback)?)?;
    Some(host_functions::call(function, script, args()?))
}

/// Whether there is a host: `begin` was called, and `end` was not since.
#[inline]
pub fn is_there() -> bool {
    TABLE.get().is_some()
}

/// Whether this hub offers a callback now.
#[inline]
pub fn offers(callback: &Callback) -> bool {
    in_table(callback).is_some()
}

/// The hub's encoding, if it is known without asking the hub.
#[inline]
pub fn known_encoding() -> Option<&'static Encoding> {
    match ENCODING.load(Ordering::Acquire) {
        UNKNOWN => None,
        number => Encoding::numbered(number),
    }
}

/// The hub's encoding. Asks the hub in the name of `script` when it is not known; a hub that cannot be asked
/// speaks UTF-8. The interpreter must be left and no lock of ours held.
#[inline]
pub fn encoding(script: i32) -> &'static Encoding {
    known_encoding().unwrap_or_else(|| ask_for_encoding(script))
}

#[cold]
fn ask_for_encoding(script: i32) -> &'static Encoding {
    let answer = call_for_library(&CALLBACKS[GET_CONFIG], script, || {
        let words = [b"config".as_slice(), b"hub_encoding", b""];
        let pieces = words.map(|word| Piece::Text(Some(Cow::Borrowed(word))));
        Block::new(&pieces, Storage::Inside)
    });
    let number = answer.map_or(text::UTF8_NUMBER, |answer| encoding_named_by(&answer));
    ENCODING.store(number, Ordering::Release);
    Encoding::numbered(number).unwrap_or(&text::UTF8)
}

/// The number of the encoding the hub names.
fn encoding_named_by(answer: &Answer) -> usize {
    let name = match answer.view().and_then(Result::ok).and_then(|view| view.items().next()) {
        Some(Item::Text(Some(name))) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    };
    Encoding::number_of(&name).unwrap_or_else(|| {
        tracing::error!(
            "the hub's configuration names the encoding {name:?}, which is unknown: its text is \
             read as UTF-8. Set hub_encoding to a name such as UTF-8, CP1251, ISO-8859-2 or GBK"
        );
        text::UTF8_NUMBER
    })
}

/// Forgets the hub's encoding, which may have changed: the hub is asked again when text is next converted.
pub fn forget_encoding() {
    ENCODING.store(UNKNOWN, Ordering::Release);
}

/// A JSON array of texts in the hub's encoding. What is not UTF-8 is written as escapes, and outside UTF-8
/// hubs whatever is not ASCII, so that the array reads the same in every encoding.
pub fn json_of_texts<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let encoding = known_encoding().unwrap_or(&text::UTF8);
    let mut out = vec![b'['];
    for (index, bytes) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if encoding.is_utf8() || text.is_ascii() => {
                vh_core::json::write_text(&mut out, text);
            }
            _ => vh_core::json::write_escaped(&mut out, &encoding.decode(bytes)),
        }
    }
    out.push(b']');
    out
}
