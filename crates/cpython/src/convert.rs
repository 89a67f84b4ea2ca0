//! Converts values between C and Python: items of a block → Python objects → pieces of a block.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::json::{self, Failure};
use super::object::{Attached, Exception, Obj, Raised};
use vh_core::hooks::Reply;
use vh_core::text::{Decoded, Encoding};
use vh_host::hub::Containers;
use vh_host::targs::{Block, Item, Piece, Storage, TAB_LENGTH, View};

/// A str of bytes that are meant to be UTF-8. Those that are not become escaped bytes.
#[inline]
pub fn from_utf8<'a>(attached: Attached<'a>, bytes: &[u8]) -> Result<Obj<'a>, Raised> {
    if bytes.is_ascii() {
        attached.ascii(bytes)
    } else {
        attached.decode(bytes, Some(c"surrogateescape"))
    }
}

/// A str of decoded text.
pub fn from_decoded<'a>(attached: Attached<'a>, text: &Decoded) -> Result<Obj<'a>, Raised> {
    if !text.has_surrogates() {
        return attached.decode(text.bytes(), None);
    }
    // Python's own handler for surrogates would raise and catch an exception for each of them, which is slow,
    // and users choose how many there are.
    attached.str_of_points(&text.code_points().collect::<Vec<_>>())
}

/// A str of text in the hub's encoding.
pub fn from_hub<'a>(
    attached: Attached<'a>,
    bytes: &[u8],
    encoding: &Encoding,
) -> Result<Obj<'a>, Raised> {
    if encoding.is_utf8() {
        return from_utf8(attached, bytes);
    }
    match encoding.code_points() {
        // In every encoding of single bytes those below 0x80 are ASCII.
        Some(_) if bytes.is_ascii() => attached.ascii(bytes),
        Some(points) => {
            let text: SmallVec<[u16; 512]> =
                bytes.iter().map(|&byte| points[usize::from(byte)]).collect();
            attached.str_of(&text)
        }
        None if bytes.is_ascii() => attached.ascii(bytes),
        None => match encoding.points_of_several_bytes(bytes) {
            Some(points) => attached.str_of_points(&points),
            None => from_decoded(attached, &encoding.decode(bytes)),
        },
    }
}

/// A str, or None for NULL.
pub fn from_hub_or_none<'a>(
    attached: Attached<'a>,
    bytes: Option<&[u8]>,
    encoding: &Encoding,
) -> Result<Obj<'a>, Raised> {
    match bytes {
        Some(bytes) => from_hub(attached, bytes, encoding),
        None => Ok(attached.none()),
    }
}

/// The text of a str that needs no conversion and holds no NUL character, which is the usual case of
/// `to_hub`; otherwise None.
#[inline]
pub fn plain_text<'o>(text: &'o Obj, encoding: &Encoding) -> Option<&'o [u8]> {
    let text = text.as_utf8().filter(|text| encoding.is_utf8() || text.is_ascii())?;
    (!has_nul(text.as_bytes())).then_some(text.as_bytes())
}

/// The text of a str in the hub's encoding; None when it holds a NUL character, which no C text can. Borrowed
/// from the object when the hub speaks UTF-8.
#[inline]
pub fn to_hub<'o>(text: &'o Obj, encoding: &Encoding) -> Option<Cow<'o, [u8]>> {
    if let Some(bytes) = plain_text(text, encoding) {
        return Some(Cow::Borrowed(bytes));
    }
    let bytes: Cow<[u8]> = match text.as_utf8() {
        Some(text) if encoding.is_utf8() || text.is_ascii() => return None,
        Some(text) => Cow::Owned(encoding.encode(text)),
        None => Cow::Owned(encoding.encode_code_points(text.code_points().into_iter())),
    };
    (!has_nul(&bytes)).then_some(bytes)
}

fn has_nul(bytes: &[u8]) -> bool {
    // SAFETY: pointer and length are one slice. libc's is several times as fast as a loop.
    unsafe { !libc::memchr(bytes.as_ptr().cast(), 0, bytes.len()).is_null() }
}

/// Converts JSON text in the hub's encoding to the UTF-8 that `json::parse` reads. Bytes that are no text can
/// only be inside its strings, where an escape keeps them.
fn hub_json_to_utf8(text: &[u8], encoding: &Encoding) -> Vec<u8> {
    let decoded = encoding.decode(text);
    let mut out = Vec::with_capacity(decoded.bytes().len());
    for point in decoded.code_points() {
        match char::from_u32(point) {
            Some(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            None => out.extend_from_slice(format!("\\u{point:04x}").as_bytes()),
        }
    }
    out
}

/// Where the JSON of a `D` item comes from, which decides its encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonFrom {
    /// From a caller of our interface: it is UTF-8.
    Caller,
    /// From a callback of the hub: it is in the hub's encoding.
    HubCallback,
}

/// The object of one item.
pub fn to_object<'a>(
    attached: Attached<'a>,
    item: &Item,
    encoding: &Encoding,
    json_from: JsonFrom,
) -> Result<Obj<'a>, Failure> {
    Ok(match item {
        Item::Int(number) => attached.int(*number)?,
        Item::Float(number) => attached.float(*number)?,
        Item::Text(text) => from_hub_or_none(attached, *text, encoding)?,
        Item::List(None) | Item::Json(None) | Item::Unsupported => attached.none(),
        Item::List(Some(texts)) => {
            let texts: Result<Vec<_>, _> =
                texts.iter().map(|text| from_hub(attached, text, encoding)).collect();
            attached.list(texts?)?
        }
        Item::Json(Some(text)) => match json_from {
            JsonFrom::HubCallback if !encoding.is_utf8() => {
                json::parse(attached, &hub_json_to_utf8(text, encoding))?
            }
            _ => json::parse(attached, text)?,
        },
        Item::Pointer(pointer) if pointer.is_null() => attached.none(),
        Item::Pointer(pointer) => attached.int(*pointer as i64)?,
        Item::Object(object) => {
            // SAFETY: the host passes an object of the interpreter it calls into, or NULL.
            unsafe { attached.borrow(object.cast()) }.unwrap_or(attached.none())
        }
    })
}

/// The value of a registered function's result block: None, one value or a tuple.
pub fn result_to_object<'a>(
    attached: Attached<'a>,
    view: &View,
    encoding: &Encoding,
) -> Result<Obj<'a>, Failure> {
    let items: Result<Vec<_>, _> =
        view.items().map(|item| to_object(attached, &item, encoding, JsonFrom::Caller)).collect();
    let mut items = items?;
    Ok(match items.len() {
        0 => attached.none(),
        1 if !view.is_tab() => items.remove(0),
        _ => attached.tuple(items)?,
    })
}

/// The piece for an argument of a registered function. Containers travel as JSON.
pub fn to_piece<'o>(object: &'o Obj, encoding: &Encoding) -> Result<Piece<'o>, Failure> {
    let refuse = |kind, reason: &str| Err(Failure::refused_with(kind, reason));
    match scalar(object, encoding) {
        Scalar::Piece(piece) => Ok(piece),
        Scalar::TooLarge => refuse(Exception::Overflow, TOO_LARGE),
        Scalar::NulInside => refuse(Exception::Value, NUL_INSIDE),
        Scalar::Other if object.is_none() => Ok(Piece::Text(None)),
        Scalar::Other if is_container(object) => match json::dump(object) {
            Ok(text) => Ok(Piece::Json(text)),
            Err(Failure::Refused(_, reason)) => refuse(Exception::Type, &reason),
            Err(raised) => Err(raised),
        },
        Scalar::Other => refuse(Exception::Type, &format!("{} has no C form", object.described())),
    }
}

const TOO_LARGE: &str = "an integer does not fit 64 bits";
const NUL_INSIDE: &str = "a str holds a NUL character";

/// What becomes of an int, a float or a str.
enum Scalar<'o> {
    Piece(Piece<'o>),
    TooLarge,
    NulInside,
    /// The object is none of the three.
    Other,
}

fn scalar<'o>(object: &'o Obj, encoding: &Encoding) -> Scalar<'o> {
    if object.is_int() {
        object.as_i64().map_or(Scalar::TooLarge, |number| Scalar::Piece(Piece::Int(number)))
    } else if object.is_float() {
        Scalar::Piece(Piece::Float(object.as_f64()))
    } else if object.is_str() {
        match to_hub(object, encoding) {
            Some(text) => Scalar::Piece(Piece::Text(Some(text))),
            None => Scalar::NulInside,
        }
    } else {
        Scalar::Other
    }
}

fn is_container(object: &Obj) -> bool {
    object.is_list() || object.is_tuple() || object.is_dict() || object.is_set()
}

/// What a hook's return value says if it is None or an int, as it nearly always is.
#[inline]
pub fn verdict(object: &Obj) -> Option<i64> {
    if object.is_none() { Some(1) } else { object.as_i64() }
}

/// The pieces for any other return value of a hook; None when that is not a value this hook can answer.
pub fn hook_reply<'o>(
    object: &'o Obj,
    items: &'o [Obj],
    reply: Reply,
    encoding: &Encoding,
) -> Option<Vec<Piece<'o>>> {
    if object.is_str() {
        let text = to_hub(object, encoding)?;
        return (reply == Reply::Chat).then(|| vec![Piece::Text(None), Piece::Text(Some(text))]);
    }
    if let [text, verdict] = items
        && verdict.is_int()
    {
        return Some(vec![text_or_null(text, encoding)?, Piece::Int(verdict.as_i64()?)]);
    }
    let parts = match reply {
        Reply::Common => return None,
        Reply::Chat => 2,
        Reply::MyInfo => 5,
    };
    (items.len() == parts)
        .then(|| items.iter().map(|item| text_or_null(item, encoding)).collect())?
}

fn text_or_null<'o>(object: &'o Obj, encoding: &Encoding) -> Option<Piece<'o>> {
    if object.is_none() {
        return Some(Piece::Text(None));
    }
    let text = object.is_str().then(|| to_hub(object, encoding))??;
    Some(Piece::Text(Some(text)))
}

/// The block for a function's return value.
pub fn function_result(
    object: &Obj,
    containers: Containers,
    encoding: &Encoding,
) -> Result<Block, Failure> {
    let refuse = |reason: &str| Err(Failure::refused(reason));
    if object.is_none() {
        return Block::int(0).ok_or_else(no_memory);
    }
    if let Some(number) = object.as_i64() {
        return Block::int(number).ok_or_else(no_memory);
    }
    if object.is_str()
        && let Some(text) = plain_text(object, encoding)
    {
        let text = Piece::Text(Some(Cow::Borrowed(text)));
        return Block::new(&[text], Storage::Separate).ok_or_else(no_memory);
    }
    let piece = match scalar(object, encoding) {
        Scalar::Piece(piece) => piece,
        Scalar::TooLarge => return refuse(TOO_LARGE),
        Scalar::NulInside => return refuse(NUL_INSIDE),
        Scalar::Other if !is_container(object) => {
            return refuse(&format!("{} has no C form", object.described()));
        }
        Scalar::Other if containers == Containers::Native && object.is_tuple() => {
            return tab_result(object, encoding);
        }
        Scalar::Other if containers == Containers::Native && is_list_of_texts(object) => {
            match texts(object, encoding) {
                Some(texts) => Piece::List(texts),
                None => return refuse(NUL_INSIDE),
            }
        }
        Scalar::Other => Piece::Json(json::dump(object)?),
    };
    Block::new(&[piece], Storage::Separate).ok_or_else(no_memory)
}

fn no_memory() -> Failure {
    Failure::refused("there is no memory for it")
}

/// A block of the first items of a tuple. Those that have no form in C get the type 0.
fn tab_result(tuple: &Obj, encoding: &Encoding) -> Result<Block, Failure> {
    let items = tuple.items();
    let pieces: Vec<_> = items
        .iter()
        .take(TAB_LENGTH)
        .map(|item| match scalar(item, encoding) {
            Scalar::Piece(piece) => piece,
            Scalar::TooLarge | Scalar::NulInside | Scalar::Other => Piece::Unsupported,
        })
        .collect();
    Block::tab(&pieces).ok_or_else(no_memory)
}

fn is_list_of_texts(object: &Obj) -> bool {
    object.is_list() && object.items().iter().all(Obj::is_str)
}

/// The texts of a list or tuple of str; None when one holds a NUL character.
pub fn texts(object: &Obj, encoding: &Encoding) -> Option<Vec<Vec<u8>>> {
    object.items().iter().map(|item| to_hub(item, encoding).map(Cow::into_owned)).collect()
}
