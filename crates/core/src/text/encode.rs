//! Encoding: from Python's text to the hub's bytes. Characters that an encoding lacks become `?`.

use std::collections::HashMap;

use encoding_rs::EncoderResult;

use super::{Encoding, Kind};

impl Encoding {
    /// Encodes text without lone surrogates.
    #[inline]
    pub fn encode(&self, text: &str) -> Vec<u8> {
        match &self.kind {
            Kind::Utf8 => text.as_bytes().to_vec(),
            Kind::SingleByte(_) | Kind::MultiByte(..) => {
                self.encode_code_points(text.chars().map(u32::from))
            }
        }
    }

    /// Encodes code points, which may be lone surrogates: escaped bytes become bytes again.
    pub fn encode_code_points(&self, code_points: impl Iterator<Item = u32>) -> Vec<u8> {
        let mut out = Vec::with_capacity(code_points.size_hint().0);
        let mut last = 0;
        for code_point in code_points {
            match (code_point, char::from_u32(code_point)) {
                (0xDC80..=0xDCFF, _) => out.push((code_point - 0xDC00) as u8),
                (0x304 | 0x30C, Some(accent)) => self.encode_accent(last, accent, &mut out),
                (_, Some(character)) => self.encode_character(character, &mut out),
                (_, None) => out.push(b'?'),
            }
            last = code_point;
        }
        out
    }

    /// Encodes one of two accents. Big5 has four pairs of bytes for a letter with such an accent, but none
    /// for the accent alone; in other encodings the accents are characters like others. `last` is the code
    /// point with which `out` ends.
    #[inline]
    fn encode_accent(&self, last: u32, accent: char, out: &mut Vec<u8>) {
        let both = match (char::from_u32(last), accent) {
            (Some('\u{CA}'), '\u{304}') => 0x62,
            (Some('\u{CA}'), '\u{30C}') => 0x64,
            (Some('\u{EA}'), '\u{304}') => 0xA3,
            (Some('\u{EA}'), '\u{30C}') => 0xA5,
            _ => return self.encode_character(accent, out),
        };
        match (&self.kind, out.last_mut()) {
            (Kind::MultiByte(encoding, ..), Some(end)) if *encoding == encoding_rs::BIG5 => {
                *end = both;
            }
            _ => self.encode_character(accent, out),
        }
    }

    fn encode_character(&self, character: char, out: &mut Vec<u8>) {
        if character.is_ascii() {
            out.push(character as u8);
            return;
        }
        let mut buffer = [0; 8];
        match &self.kind {
            Kind::Utf8 => out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
            Kind::SingleByte(table) => {
                let byte = table.encode.get(u32::from(character) as usize);
                out.push(byte.copied().unwrap_or(b'?'));
            }
            Kind::MultiByte(encoding, _, decode_only) => {
                let bytes = encode_multi_byte(encoding, character, &mut buffer)
                    .or_else(|| Some(decode_only.get_or_init(|| find(encoding)).get(&character)?));
                out.extend_from_slice(bytes.unwrap_or(b"?"));
            }
        }
    }
}

/// The bytes of characters that encoding_rs decodes but, by the rules of the web, never encodes: those of
/// Hong Kong in Big5, users' own in Shift_JIS, the supplement of EUC-JP. They are found when first needed.
pub(super) type DecodeOnly = HashMap<char, Vec<u8>>;

/// The bytes of a character; None when the encoder lacks it.
fn encode_multi_byte<'b>(
    encoding: &'static encoding_rs::Encoding,
    character: char,
    buffer: &'b mut [u8; 8],
) -> Option<&'b [u8]> {
    let mut utf8 = [0; 4];
    let text = character.encode_utf8(&mut utf8);
    let mut encoder = encoding.new_encoder();
    match encoder.encode_from_utf8_without_replacement(text, buffer, true) {
        (EncoderResult::InputEmpty, _, written) => Some(&buffer[..written]),
        (EncoderResult::Unmappable(_) | EncoderResult::OutputFull, ..) => None,
    }
}

/// Finds the characters that an encoding only decodes, by trying all its pairs of bytes, and EUC-JP's
/// triples.
fn find(encoding: &'static encoding_rs::Encoding) -> DecodeOnly {
    let pairs = (0x81..=0xFE).flat_map(|lead| (0x40..=0xFE).map(move |last| vec![lead, last]));
    let triples =
        (0xA1..=0xFE).flat_map(|lead| (0xA1..=0xFE).map(move |last| vec![0x8F, lead, last]));
    let only_decoded = |bytes: Vec<u8>| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
        let mut characters = text.chars();
        let (first, rest) = (characters.next()?, characters.next());
        let lacks = encode_multi_byte(encoding, first, &mut [0; 8]).is_none();
        (rest.is_none() && lacks).then_some((first, bytes))
    };
    pairs.chain(triples).filter_map(only_decoded).collect()
}
