//! JSON text ↔ Python objects, without a step between.
//!
//! Not a general JSON crate, because the text must hold what those bend or refuse: integers are 64
//! bits or an error, never a rounded float; bytes that were no text in the hub's encoding travel
//! as lone surrogates; and Python objects are made and read directly.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use pyo3_ffi as ffi;
use smallvec::SmallVec;

use super::object::{Attached, Obj, Raised};
use crate::text::Decoded;

/// Containers inside containers; also what stops one that contains itself.
const MAX_DEPTH: usize = 128;
/// Bytes of one JSON text.
const MAX_LENGTH: usize = 64 << 20;
/// The one key of the map that stands for bytes.
const BYTES_KEY: &str = "$bytes";

/// Why there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The value or text is not allowed; the reason. Boxed, so that a result with an object still
    /// fits registers.
    Refused(Box<String>),
    /// Python raised.
    Raised(Raised),
}

impl Failure {
    /// A value or text is not allowed.
    #[cold]
    pub fn refused(reason: impl Into<String>) -> Failure {
        Failure::Refused(Box::new(reason.into()))
    }
}

impl From<Raised> for Failure {
    fn from(raised: Raised) -> Self {
        Failure::Raised(raised)
    }
}

fn refuse<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::refused(reason))
}

/// The JSON text of an object.
pub fn dump(object: &Obj) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(256);
    dump_into(&mut out, object, 0)?;
    Ok(out)
}

fn dump_into(out: &mut Vec<u8>, object: &Obj, depth: usize) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return refuse(format!("it is nested deeper than {MAX_DEPTH} levels or contains itself"));
    }
    if out.len() > MAX_LENGTH {
        return refuse(format!("its JSON text is longer than {} MiB", MAX_LENGTH >> 20));
    }
    let pointer = object.as_ptr();
    // SAFETY: attached, as the object proves.
    unsafe {
        if object.is_none() {
            out.extend_from_slice(b"null");
        } else if object.is_str() {
            dump_str(out, object);
        } else if pointer == ffi::Py_True() {
            out.extend_from_slice(b"true");
        } else if pointer == ffi::Py_False() {
            out.extend_from_slice(b"false");
        } else if object.is_int() {
            dump_integer(out, object)?;
        } else if object.is_float() {
            dump_float(out, object)?;
        } else if ffi::PyDict_Check(pointer) != 0 {
            dump_dict(out, object, depth)?;
        } else if object.is_list() || object.is_tuple() {
            dump_items(out, (0..).map_while(|index| object.item(index)).map(Ok), depth)?;
        } else if ffi::PyAnySet_Check(pointer) != 0 {
            dump_items(out, iterate(object)?, depth)?;
        } else if ffi::PyBytes_Check(pointer) != 0 {
            dump_bytes(out, object);
        } else {
            return refuse(format!("a value of type {} has no JSON form", object.type_name()));
        }
    }
    Ok(())
}

fn dump_integer(out: &mut Vec<u8>, object: &Obj) -> Result<(), Failure> {
    let Some(number) = object.as_i64() else {
        return refuse("an integer in it does not fit 64 bits");
    };
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    Ok(())
}

fn dump_float(out: &mut Vec<u8>, object: &Obj) -> Result<(), Failure> {
    let number = object.as_f64();
    if !number.is_finite() {
        return refuse(format!("{number} in it has no JSON form"));
    }
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    Ok(())
}

fn dump_items<'a>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = Result<Obj<'a>, Raised>>,
    depth: usize,
) -> Result<(), Failure> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        dump_into(out, &item?, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

/// Items of a set.
fn iterate<'a>(set: &Obj<'a>) -> Result<impl Iterator<Item = Result<Obj<'a>, Raised>>, Failure> {
    let attached = set.attached();
    // SAFETY: attached; both functions give strong references or NULL.
    let iterator = unsafe { attached.take(ffi::PyObject_GetIter(set.as_ptr()))? };
    Ok(std::iter::from_fn(move || {
        // SAFETY: as above; at the end NULL comes without an exception.
        unsafe {
            match attached.take(ffi::PyIter_Next(iterator.as_ptr())) {
                Err(_) if ffi::PyErr_Occurred().is_null() => None,
                item => Some(item),
            }
        }
    }))
}

fn dump_dict(out: &mut Vec<u8>, dict: &Obj, depth: usize) -> Result<(), Failure> {
    let attached = dict.attached();
    let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    out.push(b'{');
    let mut first = true;
    // SAFETY: attached; the pairs are made strong at once. Writing a set inside may run Python
    // code that changes the dict; PyDict_Next then still only gives pairs that are in it.
    unsafe {
        while ffi::PyDict_Next(dict.as_ptr(), &raw mut position, &raw mut key, &raw mut value) != 0
        {
            let (Some(key), Some(value)) = (attached.borrow(key), attached.borrow(value)) else {
                continue;
            };
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            dump_key(out, &key)?;
            out.push(b':');
            dump_into(out, &value, depth + 1)?;
        }
    }
    out.push(b'}');
    Ok(())
}

/// JSON knows only text keys; the other simple ones become text as Python's `json` does it.
fn dump_key(out: &mut Vec<u8>, key: &Obj) -> Result<(), Failure> {
    // SAFETY: attached, as the object proves.
    let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
    if key.is_str() {
        dump_str(out, key);
        return Ok(());
    }
    out.push(b'"');
    if key.is_none() {
        out.extend_from_slice(b"null");
    } else if key.as_ptr() == yes {
        out.extend_from_slice(b"true");
    } else if key.as_ptr() == no {
        out.extend_from_slice(b"false");
    } else if key.is_int() {
        dump_integer(out, key)?;
    } else if key.is_float() {
        dump_float(out, key)?;
    } else {
        return refuse(format!("a key of type {} has no JSON form", key.type_name()));
    }
    out.push(b'"');
    Ok(())
}

fn dump_str(out: &mut Vec<u8>, text: &Obj) {
    match text.as_utf8() {
        Some(text) => write_text(out, text),
        None => {
            out.push(b'"');
            for point in text.code_points() {
                write_code_point(out, point, false);
            }
            out.push(b'"');
        }
    }
}

fn dump_bytes(out: &mut Vec<u8>, object: &Obj) {
    // SAFETY: attached; the bytes live as long as the object.
    let bytes = unsafe {
        std::slice::from_raw_parts(
            ffi::PyBytes_AS_STRING(object.as_ptr()).cast::<u8>(),
            ffi::PyBytes_Size(object.as_ptr()) as usize,
        )
    };
    out.extend_from_slice(format!("{{\"{BYTES_KEY}\":\"{}\"}}", BASE64.encode(bytes)).as_bytes());
}

/// Whether a byte stands for itself inside a JSON string.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// The bytes at the start of a text that stand for themselves inside a JSON string.
#[derive(PartialEq, Eq, Debug)]
struct Plain {
    length: usize,
    is_ascii: bool,
}

impl Plain {
    fn of(text: &[u8]) -> Plain {
        let (words, rest) = text.as_chunks::<8>();
        let mut high = 0;
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let marks = marks_of_special(word);
            if marks != 0 {
                // Only the bytes below the first mark count.
                high |= word & (marks & marks.wrapping_neg()).wrapping_sub(1);
                let length = index * 8 + marks.trailing_zeros() as usize / 8;
                return Plain { length, is_ascii: high & HIGHEST == 0 };
            }
            high |= word;
        }
        let last = rest.iter().take_while(|&&byte| is_plain(byte)).count();
        let is_ascii = high & HIGHEST == 0 && rest[..last].is_ascii();
        Plain { length: words.len() * 8 + last, is_ascii }
    }
}

/// One in each byte of eight, and the highest bit of each.
const ONES: u64 = u64::MAX / 0xFF;
const HIGHEST: u64 = ONES << 7;

/// Eight bytes at once: the lowest bit that is set lies in the first byte that is not plain.
#[inline]
fn marks_of_special(word: u64) -> u64 {
    // Subtracting from each byte borrows into its highest bit where it was smaller. A borrow may
    // reach the bytes above, but then the one below is marked too.
    let smaller = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let equal = |byte: u8| smaller(word ^ (ONES * u64::from(byte)), 1);
    (smaller(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGHEST
}

/// Writes text as a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    out.reserve(text.len() + 2);
    out.push(b'"');
    for word in words {
        if marks_of_special(u64::from_le_bytes(*word)) == 0 {
            out.extend_from_slice(word);
        } else {
            word.iter().for_each(|&byte| write_byte(out, byte));
        }
    }
    rest.iter().for_each(|&byte| write_byte(out, byte));
    out.push(b'"');
}

#[inline]
fn write_byte(out: &mut Vec<u8>, byte: u8) {
    if is_plain(byte) {
        out.push(byte);
    } else {
        write_code_point(out, u32::from(byte), false);
    }
}

/// Writes decoded text as a JSON string of ASCII characters only.
pub fn write_escaped(out: &mut Vec<u8>, text: &Decoded) {
    out.push(b'"');
    for point in text.code_points() {
        write_code_point(out, point, true);
    }
    out.push(b'"');
}

fn write_code_point(out: &mut Vec<u8>, point: u32, ascii_only: bool) {
    let short = match point {
        0x22 => Some("\\\""),
        0x5C => Some("\\\\"),
        0x08 => Some("\\b"),
        0x09 => Some("\\t"),
        0x0A => Some("\\n"),
        0x0C => Some("\\f"),
        0x0D => Some("\\r"),
        _ => None,
    };
    if let Some(short) = short {
        out.extend_from_slice(short.as_bytes());
        return;
    }
    match char::from_u32(point) {
        Some(character) if point >= 0x20 && (point < 0x80 || !ascii_only) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write_unit(out, *unit);
            }
        }
        None => write_unit(out, point as u16),
    }
}

fn write_unit(out: &mut Vec<u8>, unit: u16) {
    let mut text = String::with_capacity(6);
    // Writing to a String cannot fail.
    let _ = write!(text, "\\u{unit:04x}");
    out.extend_from_slice(text.as_bytes());
}

/// Makes the object a JSON text stands for. Bytes that are not UTF-8 become escaped bytes.
pub fn parse<'a>(attached: Attached<'a>, text: &[u8]) -> Result<Obj<'a>, Failure> {
    if text.len() > MAX_LENGTH {
        return refuse(format!("it is longer than {} MiB", MAX_LENGTH >> 20));
    }
    let keys = [const { None }; KEYS];
    let mut parser = Parser { attached, text, position: 0, keys };
    let value = parser.value(0)?;
    parser.skip_space();
    if parser.position < text.len() {
        return parser.refuse("there is more text after the value");
    }
    Ok(value)
}

/// Keys that are remembered; a power of two. Another key takes the place of one with the same hash.
const KEYS: usize = 64;

/// Whether two keys are the same; they are too short for a call of memcmp.
#[inline]
fn is_same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left == right)
}

/// Where a key is remembered, by its length and first bytes.
#[inline]
fn place_of(key: &[u8]) -> usize {
    /// Spreads bits; the golden ratio as a fraction of 64 bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let first = key.first_chunk::<8>().map_or_else(
        || key.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        |first| u64::from_le_bytes(*first),
    );
    let hash = (first ^ key.len() as u64).wrapping_mul(SPREAD);
    (hash >> 32) as usize % KEYS
}

struct Parser<'a, 't> {
    attached: Attached<'a>,
    text: &'t [u8],
    position: usize,
    /// Keys met before, because maps in a list mostly have the same ones.
    keys: [Option<(&'t [u8], Obj<'a>)>; KEYS],
}

impl<'a> Parser<'a, '_> {
    fn refuse<T>(&self, reason: &str) -> Result<T, Failure> {
        refuse(format!("{reason}, at byte {}", self.position))
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    #[inline]
    fn take_if(&mut self, byte: u8) -> bool {
        let matches = self.peek() == Some(byte);
        self.position += usize::from(matches);
        matches
    }

    fn value(&mut self, depth: usize) -> Result<Obj<'a>, Failure> {
        if depth > MAX_DEPTH {
            return self.refuse("it is nested too deep");
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true").map(|()| self.attached.bool(true)),
            Some(b'f') => self.word("false").map(|()| self.attached.bool(false)),
            Some(b'n') => self.word("null").map(|()| self.attached.none()),
            Some(_) => self.refuse("a value is expected"),
            None => self.refuse("the text ends where a value is expected"),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Failure> {
        if !self.text[self.position..].starts_with(word.as_bytes()) {
            return self.refuse("a value is expected");
        }
        self.position += word.len();
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<Obj<'a>, Failure> {
        self.position += 1;
        let mut items = SmallVec::<[Obj<'a>; 8]>::new();
        self.skip_space();
        if !self.take_if(b']') {
            loop {
                items.push(self.value(depth + 1)?);
                self.skip_space();
                if self.take_if(b']') {
                    break;
                }
                if !self.take_if(b',') {
                    return self.refuse("',' or ']' is expected");
                }
            }
        }
        Ok(self.attached.list(items)?)
    }

    fn map(&mut self, depth: usize) -> Result<Obj<'a>, Failure> {
        self.position += 1;
        let dict = self.attached.dict()?;
        self.skip_space();
        if self.take_if(b'}') {
            return Ok(dict);
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return self.refuse("a key in quotes is expected");
            }
            let key = self.key()?;
            self.skip_space();
            if !self.take_if(b':') {
                return self.refuse("':' is expected");
            }
            let value = self.value(depth + 1)?;
            dict.set_dict_pair(&key, &value)?;
            self.skip_space();
            if self.take_if(b'}') {
                return self.bytes_or_map(dict);
            }
            if !self.take_if(b',') {
                return self.refuse("',' or '}' is expected");
            }
        }
    }

    /// A map whose only key is `$bytes` stands for bytes.
    fn bytes_or_map(&self, dict: Obj<'a>) -> Result<Obj<'a>, Failure> {
        // SAFETY: attached; a dict.
        if unsafe { ffi::PyDict_Size(dict.as_ptr()) } != 1 {
            return Ok(dict);
        }
        let encoded = dict.dict_item(c"$bytes").filter(Obj::is_str);
        match encoded.as_ref().and_then(Obj::as_utf8).map(|text| BASE64.decode(text)) {
            None => Ok(dict),
            Some(Ok(bytes)) => Ok(self.attached.bytes(&bytes)?),
            Some(Err(_)) => self.refuse("the text of \"$bytes\" is not base64"),
        }
    }

    fn number(&mut self) -> Result<Obj<'a>, Failure> {
        /// So many digits always fit 64 bits.
        const SURE: usize = 18;
        let start = self.position;
        let negative = self.take_if(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let (digits, value) = self.digits();
        if digits == 0 || (leading_zero && digits > 1) {
            return self.refuse("this is no number");
        }
        let is_float = self.fraction()? | self.exponent()?;
        // SAFETY: nothing but ASCII was passed.
        let text = unsafe { std::str::from_utf8_unchecked(&self.text[start..self.position]) };
        if is_float {
            return match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(self.attached.float(number)?),
                _ => self.refuse("this number is too large"),
            };
        }
        let number = if digits <= SURE {
            Some(if negative { -value } else { value })
        } else {
            text.parse().ok()
        };
        match number {
            Some(number) => Ok(self.attached.int(number)?),
            None => self.refuse("this integer does not fit 64 bits"),
        }
    }

    /// Passes a point and the digits behind it, if they are there.
    fn fraction(&mut self) -> Result<bool, Failure> {
        let is_there = self.take_if(b'.');
        if is_there && self.digits().0 == 0 {
            return self.refuse("digits are expected after the point");
        }
        Ok(is_there)
    }

    /// Passes an exponent, if it is there.
    fn exponent(&mut self) -> Result<bool, Failure> {
        let is_there = self.take_if(b'e') || self.take_if(b'E');
        if is_there {
            if !self.take_if(b'-') {
                self.take_if(b'+');
            }
            if self.digits().0 == 0 {
                return self.refuse("digits are expected in the exponent");
            }
        }
        Ok(is_there)
    }

    /// Passes digits: how many, and their value as far as it fits.
    #[inline]
    fn digits(&mut self) -> (usize, i64) {
        let start = self.position;
        let mut value = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
            self.position += 1;
        }
        (self.position - start, value)
    }

    fn string(&mut self) -> Result<Obj<'a>, Failure> {
        self.position += 1;
        let start = self.position;
        let rest = &self.text[start..];
        let Plain { length, is_ascii } = Plain::of(rest);
        let text = &rest[..length];
        self.position += length;
        match self.peek() {
            Some(b'"') => {
                self.position += 1;
                Ok(if is_ascii {
                    self.attached.ascii(text)?
                } else {
                    super::convert::from_utf8(self.attached, text)?
                })
            }
            Some(b'\\') => self.string_with_escapes(start),
            Some(_) => self.refuse("a control character must be escaped"),
            None => self.refuse("a string has no end"),
        }
    }

    /// A string that is a key.
    fn key(&mut self) -> Result<Obj<'a>, Failure> {
        let rest = &self.text[self.position + 1..];
        let text = &rest[..Plain::of(rest).length];
        if rest.get(text.len()) != Some(&b'"') {
            return self.string();
        }
        let place = &mut self.keys[place_of(text)];
        if let Some((known, key)) = place
            && is_same(known, text)
        {
            self.position += text.len() + 2;
            return Ok(key.clone());
        }
        let key = super::convert::from_utf8(self.attached, text)?;
        *place = Some((text, key.clone()));
        self.position += text.len() + 2;
        Ok(key)
    }

    fn string_with_escapes(&mut self, start: usize) -> Result<Obj<'a>, Failure> {
        let mut text = Decoded::default();
        text.push_utf8(&self.text[start..self.position]);
        loop {
            let plain = self.position;
            while self.peek().is_some_and(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.position += 1;
            }
            text.push_utf8(&self.text[plain..self.position]);
            if self.take_if(b'"') {
                return Ok(super::convert::from_decoded(self.attached, &text)?);
            }
            if !self.take_if(b'\\') {
                return self.refuse("a string has no end or holds a control character");
            }
            text.push(self.escape()?);
        }
    }

    /// The code point of the escape after a backslash.
    fn escape(&mut self) -> Result<u32, Failure> {
        let Some(letter) = self.peek() else { return self.refuse("a string has no end") };
        self.position += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => u32::from(letter),
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'u' => {
                let unit = self.unit()?;
                self.paired(unit)?
            }
            _ => return self.refuse("this escape does not exist"),
        })
    }

    fn unit(&mut self) -> Result<u32, Failure> {
        let digits = self.text.get(self.position..self.position + 4);
        let unit = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        let Some(unit) = unit else { return self.refuse("four hexadecimal digits are expected") };
        self.position += 4;
        Ok(unit)
    }

    /// Joins the two halves of a surrogate pair; a lone half stays one.
    fn paired(&mut self, high: u32) -> Result<u32, Failure> {
        let rest = &self.text[self.position..];
        if !(0xD800..0xDC00).contains(&high) || !rest.starts_with(b"\\u") {
            return Ok(high);
        }
        let before = self.position;
        self.position += 2;
        let low = self.unit()?;
        if (0xDC00..0xE000).contains(&low) {
            return Ok(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
        }
        self.position = before;
        Ok(high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "safe code, and a hundred thousand rounds")]
    fn the_first_special_byte_is_found_at_every_place() {
        for length in 0..40 {
            assert_eq!(Plain::of(&vec![b'a'; length]), Plain { length, is_ascii: true });
            for place in 0..length {
                for byte in 0..=255_u8 {
                    let mut text = vec![0x7F_u8; length];
                    text[length - 1] = b'"';
                    text[place] = byte;
                    let first = text.iter().position(|&byte| !is_plain(byte)).unwrap_or(length);
                    let expected = Plain { length: first, is_ascii: text[..first].is_ascii() };
                    assert_eq!(Plain::of(&text), expected, "{text:?}");
                }
            }
        }
    }
}
