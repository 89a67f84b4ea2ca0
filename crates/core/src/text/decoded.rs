//! Text that was decoded from bytes, in WTF-8.

/// Text that was decoded from bytes.
#[derive(Debug, Default)]
pub struct Decoded {
    /// WTF-8.
    pub(super) bytes: Vec<u8>,
    surrogates: bool,
}

impl Decoded {
    #[inline]
    pub(super) fn with_capacity(capacity: usize) -> Decoded {
        Decoded { bytes: Vec::with_capacity(capacity), surrogates: false }
    }

    /// Makes it empty.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.surrogates = false;
    }

    /// Text of these code points, which may be lone surrogates.
    pub fn from_code_points(points: impl Iterator<Item = u32>) -> Decoded {
        let mut out = Decoded::with_capacity(points.size_hint().0);
        points.for_each(|point| out.push(point));
        out
    }

    /// Takes text in WTF-8; `surrogates` says whether lone ones are in it.
    pub fn from_wtf8(bytes: Vec<u8>, surrogates: bool) -> Decoded {
        Decoded { bytes, surrogates }
    }

    /// The text in WTF-8.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it has lone surrogates, so that it is not UTF-8.
    pub fn has_surrogates(&self) -> bool {
        self.surrogates
    }

    /// Appends bytes that are meant to be UTF-8. Those that are not become escaped bytes.
    pub fn push_utf8(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() {
            return self.bytes.extend_from_slice(bytes);
        }
        for chunk in bytes.utf8_chunks() {
            self.bytes.extend_from_slice(chunk.valid().as_bytes());
            self.push_escaped(chunk.invalid());
        }
    }

    /// The code points, which may be lone surrogates.
    pub fn code_points(&self) -> impl Iterator<Item = u32> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (length, lead) = match *rest.first()? {
                first @ 0..=0x7F => (1, u32::from(first)),
                first @ 0x80..=0xDF => (2, u32::from(first & 0x1F)),
                first @ 0xE0..=0xEF => (3, u32::from(first & 0x0F)),
                first => (4, u32::from(first & 0x07)),
            };
            let (head, tail) = rest.split_at(length);
            rest = tail;
            Some(head[1..].iter().fold(lead, |point, byte| point << 6 | u32::from(byte & 0x3F)))
        })
    }

    /// Appends a code point, which may be a lone surrogate.
    #[inline]
    pub fn push(&mut self, code_point: u32) {
        match char::from_u32(code_point) {
            Some(character) => {
                let mut buffer = [0; 4];
                self.bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            }
            None => {
                self.surrogates = true;
                let bits = code_point as u16;
                self.bytes.extend_from_slice(&[
                    0xE0 | (bits >> 12) as u8,
                    0x80 | (bits >> 6 & 0x3F) as u8,
                    0x80 | (bits & 0x3F) as u8,
                ]);
            }
        }
    }

    fn push_escaped(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(bad_byte(byte));
        }
    }
}

/// The surrogate that stands for a byte which does not decode.
pub(super) fn escaped(byte: u8) -> u32 {
    0xDC00 + u32::from(byte)
}

/// The code point for a byte that is no text. It may be an ASCII byte, for a decoder may reject one together
/// with the lead byte before it.
pub(super) fn bad_byte(byte: u8) -> u32 {
    if byte < 0x80 { u32::from(byte) } else { escaped(byte) }
}
