//! The hub: which generation it is, its live callback table, its text encoding.
//!
//! `w_Begin` tells the generation by the slots that are NULL in the table (`recognise`). It decides three
//! things, which are the fields of [`Generation`].

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::host_functions::{self, Answer};
use crate::native::{CallbackTable, HostFunction, TableCopy, TablePlace};
use crate::targs::{Block, Item, Piece, Storage};
use vh_core::callbacks::{CALLBACKS, Callback, GET_CONFIG, MAX_CALLBACKS, Numbering, SET_CONFIG};
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

/// The message for a callback that this hub does not offer.
pub fn not_offered(callback: &Callback) -> String {
    format!("{}() is not offered by this hub", callback.text)
}

/// Whether a call of a callback changes the hub's encoding.
#[inline]
pub fn changes_encoding(callback: &Callback, args: &Block) -> bool {
    std::ptr::eq(callback, &raw const CALLBACKS[SET_CONFIG])
        && matches!(args.view().item(1), Item::Text(Some(b"hub_encoding")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_hub::{FakeHub, text};
    use vh_core::callbacks::{GET_USER_CLASS, SQL};
    use vh_testing::{told, with_variable};

    /// The generation of a hub whose table has all slots but these.
    fn without(empty: &[usize]) -> Generation {
        let _hub = FakeHub::begin(|slot| !empty.contains(&slot));
        generation()
    }

    #[test]
    fn the_generation_is_told_by_the_slots_of_functions_that_no_hub_has() {
        assert_eq!(without(&[42, 43, 44]), CLASSIC);
        assert_eq!(without(&[43, 44, 45]), PYTHON3);
        let others: [&[usize]; 10] = [
            &[],
            &[43, 44],
            &[42, 44],
            &[42, 43],
            &[42, 43, 44, 45],
            &[44, 45],
            &[43, 45],
            &[43, 44, 45, 46],
            &[42],
            &[45],
        ];
        for empty in others {
            assert_eq!(without(empty), OTHER, "{empty:?}");
        }
    }

    #[test]
    fn the_environment_can_name_the_generation() {
        let hub = FakeHub::newest();
        let named = |name: &str| {
            let begin = || told(|| hub.begin_again()).1;
            let told = with_variable("VH_PYTHON_GENERATION", name, begin);
            (generation(), told.contains("is none of classic, bidirectional, python3"))
        };
        assert_eq!(named("classic"), (CLASSIC, false));
        assert_eq!(named("bidirectional"), (CLASSIC, false));
        assert_eq!(named("python3"), (PYTHON3, false));
        assert_eq!(named("python4"), (PYTHON3, true), "the table decides");
        drop(hub);
        let hub = FakeHub::begin(|slot| !matches!(slot, 42..=44));
        assert_eq!(generation(), CLASSIC);
        let begin = || hub.begin_again();
        with_variable("VH_PYTHON_GENERATION", "python3", begin);
        assert_eq!((numbering(), generation()), (Numbering::Python3, PYTHON3));
        hub.begin_again();
        assert_eq!((numbering(), generation()), (Numbering::Classic, CLASSIC));
    }

    fn ask_class(nick: &[u8]) -> Option<Answer> {
        call(&CALLBACKS[GET_USER_CLASS], 3, Block::texts(&[nick])?)
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn a_callback_is_called_in_the_slot_of_the_generation() {
        let hub = FakeHub::newest();
        assert!(offers(&CALLBACKS[SQL]) && !offers(&CALLBACKS[SQL + 1]));
        assert!(ask_class(b"nick").is_some_and(|answer| answer.view().is_none()), "NULL");
        hub.answer(11, |_| Block::int(7));
        let answer = ask_class(b"nick").unwrap();
        assert!(matches!(answer.view().unwrap().unwrap().item(0), Item::Int(7)));
        assert!(answer.failure().is_none());
        call(&CALLBACKS[SQL], 4, Block::texts(&[b"SELECT 1"]).unwrap());
        let class = "11 by 3: \"nick\"";
        assert_eq!(hub.calls(), [class, class, "42 by 4: \"SELECT 1\""]);
        drop(hub);
        let hub = FakeHub::begin(|slot| !matches!(slot, 42..=44));
        call(&CALLBACKS[SQL], 4, Block::texts(&[b"SELECT 1"]).unwrap());
        assert_eq!(hub.calls(), ["41 by 4: \"SELECT 1\""]);
        let city = CALLBACKS.iter().find(|callback| callback.text == "GetIPCity").unwrap();
        assert!(!offers(city), "such hubs have none");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn the_library_itself_calls_only_what_was_offered_at_the_beginning() {
        let mut hub = FakeHub::begin(|slot| !matches!(slot, 11 | 43..=45));
        let own = || call_for_library(&CALLBACKS[GET_USER_CLASS], 5, || Block::texts(&[b"own"]));
        assert!(own().is_none() && ask_class(b"script").is_none());
        hub.fill(11, true);
        assert!(own().is_none() && ask_class(b"script").is_some());
        assert_eq!(hub.calls(), ["11 by 3: \"script\""]);
        hub.begin_again();
        hub.fill(11, false);
        assert!(own().is_some() && ask_class(b"script").is_none());
        assert_eq!(hub.calls(), ["11 by 5: \"own\""]);
        assert!(is_there());
        end();
        assert!(!is_there() && own().is_none() && ask_class(b"script").is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn the_encoding_is_asked_once_until_it_is_forgotten() {
        let hub = FakeHub::newest();
        hub.answer(38, |_| text(b"CP1251"));
        assert!(known_encoding().is_none());
        assert_eq!(encoding(6).decode(b"\xCF").bytes(), "П".as_bytes());
        assert_eq!(known_encoding().unwrap().decode(b"\xCF").bytes(), "П".as_bytes());
        assert!(!encoding(7).is_utf8());
        let asked = "38 by 6: \"config\", \"hub_encoding\", \"\"";
        assert_eq!(hub.calls(), [asked]);
        hub.answer(38, |_| text(b""));
        forget_encoding();
        assert!(known_encoding().is_none() && encoding(6).is_utf8());
        assert_eq!(hub.calls(), [asked]);
        hub.answer(38, |_| text(b"CP1251"));
        hub.begin_again();
        assert!(!encoding(6).is_utf8(), "another hub has an encoding of its own");
        hub.answer(38, |_| text(b"klingon"));
        forget_encoding();
        let (encoding, told) = told(|| encoding(6));
        assert!(encoding.is_utf8() && told.contains("ERROR") && told.contains("\"klingon\""));
        end();
        assert!(known_encoding().is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn a_hub_that_cannot_be_asked_speaks_utf_8() {
        let hub = FakeHub::begin(|slot| !matches!(slot, 38 | 43..=45));
        let (encoding, told) = told(|| encoding(6));
        assert!(encoding.is_utf8() && known_encoding().is_some_and(Encoding::is_utf8));
        assert_eq!((hub.calls(), told.as_str()), (Vec::new(), ""));
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn an_array_of_texts_reads_the_same_in_every_encoding() {
        let hub = FakeHub::newest();
        let array = |texts: &[&[u8]]| {
            String::from_utf8(json_of_texts(texts.iter().copied())).expect("it is UTF-8")
        };
        assert_eq!(array(&[]), "[]");
        assert_eq!(array(&[b"a\"", "ä".as_bytes(), b"\xFF"]), "[\"a\\\"\",\"ä\",\"\\udcff\"]");
        hub.answer(38, |_| text(b"CP1251"));
        encoding(1);
        assert_eq!(array(&[b"a", b"\xCF"]), "[\"a\",\"\\u041f\"]");
        assert_eq!(array(&["П".as_bytes()]), "[\"\\u0420\\u045f\"]", "it only looks like UTF-8");
    }
}
