//! Hub encodings: bytes of the hub ↔ text of Python.
//!
//! In Rust text is WTF-8 (UTF-8 that may also hold lone surrogates), because bytes that do not decode become
//! the surrogates U+DC80 to U+DCFF, as with Python's `surrogateescape`, and so survive a round trip.
//! Characters that an encoding lacks become `?`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

mod decoded;
mod encode;
mod names;
mod pairs;
mod recent;
mod single;
#[cfg(test)]
mod tests;

use decoded::bad_byte;
use encode::DecodeOnly;
use pairs::Pairs;
use recent::Recent;
use single::Table;

pub use decoded::Decoded;
pub use names::UTF8_NUMBER;

/// An encoding that a hub may speak.
#[derive(Debug)]
pub struct Encoding {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Utf8,
    SingleByte(Box<Table>),
    MultiByte(&'static encoding_rs::Encoding, OnceLock<Box<Pairs>>, OnceLock<DecodeOnly>),
}

/// The encoding every hub has until it says otherwise.
pub static UTF8: Encoding = Encoding { kind: Kind::Utf8 };

impl Encoding {
    /// Whether it is UTF-8, which Python reads and writes by itself.
    pub fn is_utf8(&self) -> bool {
        matches!(self.kind, Kind::Utf8)
    }

    /// The code points of all 256 bytes, which may be lone surrogates; None when it is not an encoding of
    /// single bytes.
    pub fn code_points(&self) -> Option<&[u16; 256]> {
        match &self.kind {
            Kind::SingleByte(table) => Some(&table.decode),
            Kind::Utf8 | Kind::MultiByte(..) => None,
        }
    }

    /// Decodes bytes of the hub. Never fails.
    pub fn decode(&self, bytes: &[u8]) -> Decoded {
        match &self.kind {
            Kind::Utf8 => {
                let mut out = Decoded::with_capacity(bytes.len());
                out.push_utf8(bytes);
                out
            }
            Kind::SingleByte(table) => table.decode(bytes),
            Kind::MultiByte(encoding, pairs, _) => {
                let points = points(encoding, pairs, bytes);
                Decoded::from_code_points(points.iter().copied())
            }
        }
    }

    /// The code points of a text in an encoding of several bytes; None for all other encodings.
    pub fn points_of_several_bytes(&self, bytes: &[u8]) -> Option<Rc<[u32]>> {
        match &self.kind {
            Kind::MultiByte(encoding, pairs, _) => Some(points(encoding, pairs, bytes)),
            _ => None,
        }
    }
}

/// The code points of a text. A long text that was decoded lately is not decoded again.
fn points(
    encoding: &'static encoding_rs::Encoding,
    pairs: &OnceLock<Box<Pairs>>,
    bytes: &[u8],
) -> Rc<[u32]> {
    thread_local! {
        static RECENT: RefCell<Recent> = RefCell::default();
    }
    let pairs = table_of(encoding, pairs);
    let decode = || {
        let mut points = Vec::with_capacity(bytes.len());
        pairs.decode(bytes, |point| points.push(point));
        points
    };
    let kept = RECENT.try_with(|recent| recent.borrow_mut().points(encoding.name(), bytes, decode));
    // Nothing is kept on a thread that is ending.
    kept.unwrap_or_else(|_| decode().into())
}

/// The table of an encoding, made when it is first needed.
fn table_of<'p>(
    encoding: &'static encoding_rs::Encoding,
    pairs: &'p OnceLock<Box<Pairs>>,
) -> &'p Pairs {
    pairs.get_or_init(|| Box::new(Pairs::of(encoding)))
}
