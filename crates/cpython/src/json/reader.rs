//! Reads JSON text into Python objects.
//!
//! Every function takes the place where it starts to read, and returns the place behind what it has read, so
//! that the place stays in a register. Objects that were read wait on one stack until the list or map to
//! which they belong is complete.

use base64::Engine as _;
use pyo3_ffi as ffi;
use smallvec::SmallVec;

use super::super::convert;
use super::super::object::{Attached, Obj};
use super::{BASE64, BYTES_KEY, Failure, MAX_DEPTH, MAX_LENGTH, refuse};
use vh_core::text::Decoded;

mod keys;
mod plain;

use keys::Keys;
use plain::Plain;

/// Makes the object for a JSON text. Bytes that are not UTF-8 become escaped bytes.
pub fn parse<'a>(attached: Attached<'a>, text: &[u8]) -> Result<Obj<'a>, Failure> {
    if text.len() > MAX_LENGTH {
        return refuse(format!("it is longer than {} MiB", MAX_LENGTH >> 20));
    }
    let mut parser = Parser {
        attached,
        text,
        objects: SmallVec::new(),
        keys: Keys::new(),
        unescaped: Decoded::default(),
    };
    let end = parser.value(0, 0)?;
    let end = parser.skip_space(end);
    if end < text.len() {
        return parser.refuse("there is more text after the value", end);
    }
    Ok(parser.objects.pop().expect("a value was read"))
}

struct Parser<'a, 't> {
    attached: Attached<'a>,
    text: &'t [u8],
    /// The objects of lists and maps that are not complete; each key comes before its value.
    objects: SmallVec<[Obj<'a>; 32]>,
    keys: Keys<'a, 't>,
    /// A buffer for strings with escapes, used for one after the other.
    unescaped: Decoded,
}

impl<'a> Parser<'a, '_> {
    #[cold]
    fn refuse<T>(&self, reason: &str, at: usize) -> Result<T, Failure> {
        refuse(format!("{reason}, at byte {at}"))
    }

    /// The byte at a place; behind the end NUL, which JSON has nowhere.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn skip_space(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        at
    }

    fn value(&mut self, at: usize, depth: usize) -> Result<usize, Failure> {
        if depth > MAX_DEPTH {
            return self.refuse("it is nested too deep", at);
        }
        let at = self.skip_space(at);
        match self.byte(at) {
            b'"' => self.string(at + 1),
            b'-' | b'0'..=b'9' => self.number(at),
            b'{' => self.map(at + 1, depth),
            b'[' => self.list(at + 1, depth),
            b't' => self.word(at, b"true", self.attached.bool(true)),
            b'f' => self.word(at, b"false", self.attached.bool(false)),
            b'n' => self.word(at, b"null", self.attached.none()),
            _ if at < self.text.len() => self.refuse("a value is expected", at),
            _ => self.refuse("the text ends where a value is expected", at),
        }
    }

    #[inline]
    fn word(&mut self, at: usize, word: &[u8], object: Obj<'a>) -> Result<usize, Failure> {
        if !self.text[at..].starts_with(word) {
            return self.refuse("a value is expected", at);
        }
        self.objects.push(object);
        Ok(at + word.len())
    }

    fn list(&mut self, at: usize, depth: usize) -> Result<usize, Failure> {
        let first = self.objects.len();
        let mut at = self.skip_space(at);
        if self.byte(at) == b']' {
            at += 1;
        } else {
            loop {
                at = self.value(at, depth + 1)?;
                at = self.skip_space(at);
                match self.byte(at) {
                    b',' => at += 1,
                    b']' => break,
                    _ => return self.refuse("',' or ']' is expected", at),
                }
            }
            at += 1;
        }
        let list = self.attached.list(self.objects.drain(first..))?;
        self.objects.push(list);
        Ok(at)
    }

    fn map(&mut self, at: usize, depth: usize) -> Result<usize, Failure> {
        let first = self.objects.len();
        let mut at = self.skip_space(at);
        if self.byte(at) == b'}' {
            self.objects.push(self.attached.dict()?);
            return Ok(at + 1);
        }
        loop {
            at = self.skip_space(at);
            if self.byte(at) != b'"' {
                return self.refuse("a key in quotes is expected", at);
            }
            at = self.key(at + 1)?;
            at = self.skip_space(at);
            if self.byte(at) != b':' {
                return self.refuse("':' is expected", at);
            }
            at = self.value(at + 1, depth + 1)?;
            at = self.skip_space(at);
            match self.byte(at) {
                b',' => at += 1,
                b'}' => break,
                _ => return self.refuse("',' or '}' is expected", at),
            }
        }
        at += 1;
        let map = self.attached.dict_of(&self.objects[first..])?;
        let map = self.bytes_or_map(map, at)?;
        self.objects.truncate(first);
        self.objects.push(map);
        Ok(at)
    }

    /// A map whose only key is `$bytes` stands for bytes.
    #[inline]
    fn bytes_or_map(&self, map: Obj<'a>, at: usize) -> Result<Obj<'a>, Failure> {
        // SAFETY: attached; a dict.
        if unsafe { ffi::PyDict_Size(map.as_ptr()) } != 1 {
            return Ok(map);
        }
        let encoded = map.dict_item(BYTES_KEY).filter(Obj::is_str);
        match encoded.as_ref().and_then(Obj::as_utf8).map(|text| BASE64.decode(text)) {
            None => Ok(map),
            Some(Ok(bytes)) => Ok(self.attached.bytes(&bytes)?),
            Some(Err(_)) => self.refuse("the text of \"$bytes\" is not base64", at),
        }
    }

    fn number(&mut self, start: usize) -> Result<usize, Failure> {
        /// This many digits always fit 64 bits.
        const SURE: usize = 18;
        let is_negative = self.byte(start) == b'-';
        let first = start + usize::from(is_negative);
        let (mut at, value) = self.digits(first);
        let digits = at - first;
        if digits == 0 || (self.byte(first) == b'0' && digits > 1) {
            return self.refuse("this is no number", at);
        }
        let object = if matches!(self.byte(at), b'.' | b'e' | b'E') {
            at = self.fraction(at)?;
            at = self.exponent(at)?;
            match self.passed(start, at).parse::<f64>() {
                Ok(number) if number.is_finite() => self.attached.float(number)?,
                _ => return self.refuse("this number is too large", at),
            }
        } else if digits <= SURE {
            self.attached.int(if is_negative { -value } else { value })?
        } else {
            match self.passed(start, at).parse() {
                Ok(number) => self.attached.int(number)?,
                Err(_) => return self.refuse("this integer does not fit 64 bits", at),
            }
        };
        self.objects.push(object);
        Ok(at)
    }

    /// The text of a number.
    fn passed(&self, start: usize, end: usize) -> &str {
        // SAFETY: only digits, signs, points and the letter of the exponent were passed.
        unsafe { std::str::from_utf8_unchecked(&self.text[start..end]) }
    }

    /// Passes digits. Gives the place where they end, and their value as far as it fits.
    #[inline(always)]
    fn digits(&self, mut at: usize) -> (usize, i64) {
        let mut value = 0_i64;
        loop {
            let digit = self.byte(at).wrapping_sub(b'0');
            if digit > 9 {
                return (at, value);
            }
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            at += 1;
        }
    }

    /// Passes a point and the digits behind it, if they are there.
    fn fraction(&self, at: usize) -> Result<usize, Failure> {
        if self.byte(at) != b'.' {
            return Ok(at);
        }
        match self.digits(at + 1).0 {
            end if end == at + 1 => self.refuse("digits are expected after the point", end),
            end => Ok(end),
        }
    }

    /// Passes an exponent, if it is there.
    fn exponent(&self, at: usize) -> Result<usize, Failure> {
        if !matches!(self.byte(at), b'e' | b'E') {
            return Ok(at);
        }
        let first = at + 1 + usize::from(matches!(self.byte(at + 1), b'-' | b'+'));
        match self.digits(first).0 {
            end if end == first => self.refuse("digits are expected in the exponent", end),
            end => Ok(end),
        }
    }

    /// Reads a string, from behind its first quote.
    #[inline]
    fn string(&mut self, at: usize) -> Result<usize, Failure> {
        let Plain { length, is_ascii } = Plain::of(&self.text[at..]);
        let end = at + length;
        if self.byte(end) != b'"' {
            return self.string_with_escapes(at, end);
        }
        let text = &self.text[at..end];
        let object = if is_ascii {
            self.attached.ascii(text)?
        } else {
            convert::from_utf8(self.attached, text)?
        };
        self.objects.push(object);
        Ok(end + 1)
    }

    /// Reads a string whose first part, up to `end`, stands for itself.
    fn string_with_escapes(&mut self, at: usize, end: usize) -> Result<usize, Failure> {
        let mut unescaped = std::mem::take(&mut self.unescaped);
        unescaped.clear();
        let (mut start, mut at) = (at, end);
        loop {
            unescaped.push_utf8(&self.text[start..at]);
            match self.byte(at) {
                b'"' => break,
                b'\\' => {}
                _ if at < self.text.len() => {
                    return self.refuse("a control character must be escaped", at);
                }
                _ => return self.refuse("a string has no end", at),
            }
            let point;
            (start, point) = self.escape(at + 1)?;
            unescaped.push(point);
            at = start + Plain::of(&self.text[start..]).length;
        }
        let object = if unescaped.bytes().is_ascii() {
            self.attached.ascii(unescaped.bytes())?
        } else {
            convert::from_decoded(self.attached, &unescaped)?
        };
        self.unescaped = unescaped;
        self.objects.push(object);
        Ok(at + 1)
    }

    /// Reads an escape, from behind its backslash: the place where it ends, and its code point.
    fn escape(&self, at: usize) -> Result<(usize, u32), Failure> {
        let point = match self.byte(at) {
            letter @ (b'"' | b'\\' | b'/') => u32::from(letter),
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'u' => return self.code_point(at + 1),
            _ if at < self.text.len() => return self.refuse("this escape does not exist", at),
            _ => return self.refuse("a string has no end", at),
        };
        Ok((at + 1, point))
    }

    /// Reads digits behind `\u`, and joins the two halves of a surrogate pair. A lone half is kept as it is.
    fn code_point(&self, at: usize) -> Result<(usize, u32), Failure> {
        let (end, high) = self.unit(at)?;
        if !(0xD800..0xDC00).contains(&high) || !self.text[end..].starts_with(b"\\u") {
            return Ok((end, high));
        }
        match self.unit(end + 2)? {
            (end, low @ 0xDC00..0xE000) => {
                Ok((end, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
            }
            _ => Ok((end, high)),
        }
    }

    fn unit(&self, at: usize) -> Result<(usize, u32), Failure> {
        let digits = self.text.get(at..at + 4);
        let unit = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match unit {
            Some(unit) => Ok((at + 4, unit)),
            None => self.refuse("four hexadecimal digits are expected", at),
        }
    }

    /// Reads a string that is a key, from behind its first quote.
    #[inline]
    fn key(&mut self, at: usize) -> Result<usize, Failure> {
        let text = &self.text[at..];
        if let Some((length, key)) = self.keys.expected(text) {
            self.objects.push(key);
            return Ok(at + length + 1);
        }
        let length = Plain::of(text).length;
        if text.get(length) != Some(&b'"') {
            return self.string(at);
        }
        let text = &text[..length];
        let key = match self.keys.find(text) {
            Some(key) => key,
            None => {
                let key = convert::from_utf8(self.attached, text)?;
                self.keys.remember(text, key.clone());
                key
            }
        };
        self.objects.push(key);
        Ok(at + length + 1)
    }
}
