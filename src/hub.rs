//! The hub: which generation it is, its live callback table, its text encoding.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::abi::host::{CallbackTable, HostFunction, TableCopy, TablePlace};
use crate::callbacks::{CALLBACKS, Callback, GET_CONFIG, MAX_CALLBACKS, Numbering};
use crate::config;
use crate::host_functions::{self, Answer};
use crate::targs::{Block, Item, Piece, Storage};
use crate::text::{self, Encoding};

/// Which hub loaded us, as far as it makes a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Generation {
    /// Slots of the callback table.
    pub numbering: Numbering,
    /// How this hub releases hook results.
    pub hook_storage: Storage,
    /// Whether tuples and lists returned by functions become `tab` and `L`, or always `D`.
    pub containers: Containers,
}

/// What a tuple or a list of texts becomes when a function returns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Containers {
    /// `tab` and `L`.
    Native,
    /// `D`.
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
/// A table that fits no hub: a test host, written against our header.
const OTHER: Generation = Generation { containers: Containers::Native, ..PYTHON3 };

/// The host's callback table; NULL when there is no host. Read at every call of a script.
static TABLE: TablePlace = TablePlace::empty();
/// What was in it at `w_Begin`: all that the library calls on its own account. Some hosts fill slots later
/// for their scripts and do not expect calls of anybody else; of others the table is gone by then.
static OFFERED: TableCopy = TableCopy::empty();
/// The generation, by its place in `GENERATIONS`.
static GENERATION: AtomicUsize = AtomicUsize::new(GENERATIONS.len() - 1);
const GENERATIONS: [Generation; 3] = [CLASSIC, PYTHON3, OTHER];
/// The number of the hub's encoding, or `UNKNOWN` until the hub was asked.
static ENCODING: AtomicUsize = AtomicUsize::new(UNKNOWN);
const UNKNOWN: usize = usize::MAX;

/// Keeps the table and recognises the generation.
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

/// The generation `VH_PYTHON_GENERATION` demands.
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

/// Hubs leave the slots of three functions they never had empty, and `GetIPCity` shifts them.
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

/// What is known of the hub.
pub fn generation() -> Generation {
    GENERATIONS[GENERATION.load(Ordering::Acquire)]
}

/// The slot numbers of the hub's table.
pub fn numbering() -> Numbering {
    generation().numbering
}

/// The slot of a callback in this hub's table.
fn slot_of(callback: &Callback) -> Option<usize> {
    callback.slot_in(numbering()).filter(|&slot| slot < MAX_CALLBACKS)
}

/// What this hub has in the slot of a callback now.
fn in_table(callback: &Callback) -> Option<HostFunction> {
    TABLE.get()?.get(slot_of(callback)?)
}

/// Calls a callback of the hub for a script. None when this hub does not offer it. The
/// interpreter must be left and no lock of ours held.
pub fn call(callback: &Callback, script: i32, args: Block) -> Option<Answer> {
    Some(host_functions::call(in_table(callback)?, script, args))
}

/// Calls a callback of the hub on the library's own account, whatever script it is about. None when the hub
/// did not offer it at `w_Begin`; `args` are only made when it did. The interpreter must be left and no
/// lock of ours held.
pub fn call_for_library(
    callback: &Callback,
    script: i32,
    args: impl FnOnce() -> Option<Block>,
) -> Option<Answer> {
    let function = OFFERED.get(slot_of(callback)?)?;
    Some(host_functions::call(function, script, args()?))
}

/// Whether `begin` came, and no `end` since.
pub fn is_there() -> bool {
    TABLE.get().is_some()
}

/// Whether this hub offers a callback now.
pub fn offers(callback: &Callback) -> bool {
    in_table(callback).is_some()
}

/// The hub's encoding, if it is known without asking the hub.
pub fn known_encoding() -> Option<&'static Encoding> {
    match ENCODING.load(Ordering::Acquire) {
        UNKNOWN => None,
        number => Encoding::numbered(number),
    }
}

/// The hub's encoding; asks the hub in the name of `script` when it is not known. It is UTF-8 for a hub
/// that cannot be asked. The interpreter must be left and no lock of ours held.
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

/// The hub's encoding may have changed: it is asked again when text next comes by.
pub fn forget_encoding() {
    ENCODING.store(UNKNOWN, Ordering::Release);
}

/// JSON array of texts in the hub's encoding. What is not plain UTF-8 is written in escapes, so
/// that the array reads the same in every encoding.
pub fn json_of_texts<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let encoding = known_encoding().unwrap_or(&text::UTF8);
    let mut out = vec![b'['];
    for (index, bytes) in texts.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if encoding.is_utf8() || text.is_ascii() => {
                crate::json::write_text(&mut out, text);
            }
            _ => crate::json::write_escaped(&mut out, &encoding.decode(bytes)),
        }
    }
    out.push(b']');
    out
}
