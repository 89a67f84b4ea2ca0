//! Encodings of single bytes, the lower half of which is ASCII: one table for decoding and one for encoding.

use super::decoded::{Decoded, escaped};

/// One of them.
pub(super) struct Table {
    /// The code point of each byte; surrogates for undefined bytes.
    pub(super) decode: [u16; 256],
    /// The byte of each code point below 0x10000; `?` for code points that the encoding lacks.
    pub(super) encode: Box<[u8]>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Table").finish_non_exhaustive()
    }
}

impl Table {
    pub(super) fn new(label: &str, encoding: &'static encoding_rs::Encoding) -> Table {
        // The web's tables put Windows characters where ISO 8859 has control characters, and
        // control characters where a Windows code page has nothing.
        let iso = label.starts_with("iso-8859") || label.starts_with("latin");
        let mut decode = std::array::from_fn(|byte| byte as u16);
        let mut encode = vec![b'?'; 0x10000].into_boxed_slice();
        for byte in 0x80..=0xFF_u8 {
            let bytes = [byte];
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
            let point = match text {
                _ if iso && byte < 0xA0 => u32::from(byte),
                Some(ref text) if text.chars().all(|c| u32::from(c) >= 0xA0) => {
                    text.chars().next().map_or(0, u32::from)
                }
                _ => escaped(byte),
            };
            // Every such encoding stays below 0x10000.
            decode[usize::from(byte)] = point as u16;
            encode[point as usize] = byte;
        }
        Table { decode, encode }
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Decoded {
        let mut out = Decoded::with_capacity(bytes.len() * 2);
        for &byte in bytes {
            match byte {
                0..=0x7F => out.bytes.push(byte),
                _ => out.push(u32::from(self.decode[usize::from(byte)])),
            }
        }
        out
    }
}
