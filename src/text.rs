//! Hub encodings: bytes of the hub ↔ text of Python.
//!
//! Text travels as WTF-8 (UTF-8 that may also hold lone surrogates), because bytes that do not
//! decode become the surrogates U+DC80 to U+DCFF, as Python's `surrogateescape` does, and so
//! survive a round trip. Characters an encoding lacks become `?`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::OnceLock;

use encoding_rs::EncoderResult;

mod pairs;
mod recent;

use pairs::Pairs;
use recent::Recent;

/// An encoding a hub may speak.
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

/// Characters encoding_rs decodes but never encodes, as the web wants it: the Hong Kong ones of Big5,
/// users' own in Shift_JIS, the supplement of EUC-JP. With their bytes, found when first needed.
type DecodeOnly = HashMap<char, Vec<u8>>;

/// A single-byte encoding whose lower half is ASCII.
struct Table {
    /// Code point of each byte; surrogates for the undefined ones.
    decode: [u16; 256],
    /// Byte of each code point below 0x10000; `?` for those the encoding lacks.
    encode: Box<[u8]>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Table").finish_non_exhaustive()
    }
}

/// Text that came from bytes.
#[derive(Debug, Default)]
pub struct Decoded {
    /// WTF-8.
    bytes: Vec<u8>,
    surrogates: bool,
}

/// The encoding every hub has until it says otherwise.
pub static UTF8: Encoding = Encoding { kind: Kind::Utf8 };
/// Its number.
pub const UTF8_NUMBER: usize = 0;

/// Encodings that were asked for, by their labels, kept for the life of the process. There is room
/// for every label that is known. The first place stays empty: UTF-8 has that number.
static NUMBERED: [OnceLock<(String, Encoding)>; 256] = [const { OnceLock::new() }; 256];

impl Encoding {
    /// A number for the encoding of this name, which `numbered` takes; None for a name nobody knows.
    pub fn number_of(name: &str) -> Option<usize> {
        let encoding = Encoding::named(name)?;
        if encoding.is_utf8() {
            return Some(UTF8_NUMBER);
        }
        let label = canonical(name.trim());
        let mut new = Some((label.clone(), encoding));
        let place = NUMBERED[1..].iter().position(|place| {
            // The first free place takes it, unless another thread is just filling that one.
            let (kept, _) = place.get_or_init(|| new.take().expect("taken once"));
            *kept == label
        });
        place.map(|index| index + 1)
    }

    /// The encoding of a number.
    pub fn numbered(number: usize) -> Option<&'static Encoding> {
        match number {
            UTF8_NUMBER => Some(&UTF8),
            _ => NUMBERED.get(number)?.get().map(|(_, encoding)| encoding),
        }
    }

    /// The encoding of this name (ICU's names: `CP1251`, `windows-1251`, `ISO-8859-2`, `GBK`, …).
    /// An empty name means UTF-8; None for a name nobody knows.
    pub fn named(name: &str) -> Option<Encoding> {
        let name = name.trim();
        let kind = match canonical(name).as_str() {
            "" | "utf-8" => Kind::Utf8,
            label => {
                let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
                if encoding == encoding_rs::UTF_8 {
                    Kind::Utf8
                } else if encoding.is_single_byte() {
                    Kind::SingleByte(Box::new(Table::new(label, encoding)))
                } else if encoding.is_ascii_compatible() {
                    Kind::MultiByte(encoding, OnceLock::new(), OnceLock::new())
                } else {
                    return None;
                }
            }
        };
        Some(Encoding { kind })
    }

    /// Whether it is UTF-8, which Python reads and writes by itself.
    pub fn is_utf8(&self) -> bool {
        matches!(self.kind, Kind::Utf8)
    }

    /// Code points of all 256 bytes, lone surrogates among them, for an encoding of single bytes.
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
                let mut out = Decoded::with_capacity(bytes.len() * 2);
                table_of(encoding, pairs).decode(bytes, |point| out.push(point));
                out
            }
        }
    }

    /// The code points of a text in an encoding of several bytes; None in all others. A long text that was
    /// asked for lately is not decoded again.
    pub fn points_of_several_bytes(&self, bytes: &[u8]) -> Option<Rc<[u32]>> {
        thread_local! {
            static RECENT: RefCell<Recent> = RefCell::default();
        }
        let Kind::MultiByte(encoding, pairs, _) = &self.kind else { return None };
        let pairs = table_of(encoding, pairs);
        let decode = || {
            let mut points = Vec::with_capacity(bytes.len());
            pairs.decode(bytes, |point| points.push(point));
            points
        };
        let kept =
            RECENT.try_with(|recent| recent.borrow_mut().points(encoding.name(), bytes, decode));
        // A thread that is ending keeps nothing.
        Some(kept.unwrap_or_else(|_| decode().into()))
    }

    /// Encodes text without lone surrogates.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        match &self.kind {
            Kind::Utf8 => text.as_bytes().to_vec(),
            Kind::SingleByte(_) | Kind::MultiByte(..) => {
                self.encode_code_points(text.chars().map(u32::from))
            }
        }
    }

    /// Encodes code points, lone surrogates among them: escaped bytes become bytes again.
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

    /// Big5 has four pairs of bytes for a letter with one of two accents that stand nowhere alone;
    /// everywhere else they are characters like others. `last` is what `out` ends with.
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

/// The label encoding_rs knows an ICU name by: lower case, `cp125x` for the Windows code pages.
fn canonical(name: &str) -> String {
    let label = name.to_ascii_lowercase().replace('_', "-");
    match label.as_str() {
        "utf8" => "utf-8".into(),
        "gb2312" | "gb-2312" | "cp936" | "ms936" => "gbk".into(),
        "cp949" | "ms949" => "euc-kr".into(),
        "cp950" | "ms950" => "big5".into(),
        "cp932" | "ms932" => "shift-jis".into(),
        "cp866" | "ibm-866" => "ibm866".into(),
        "latin-1" | "iso8859-1" => "iso-8859-1".into(),
        _ => match label.strip_prefix("iso8859") {
            Some(part) => format!("iso-8859-{}", part.trim_start_matches('-')),
            None => label,
        },
    }
}

impl Table {
    fn new(label: &str, encoding: &'static encoding_rs::Encoding) -> Table {
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

    fn decode(&self, bytes: &[u8]) -> Decoded {
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

/// The surrogate that stands for a byte which does not decode.
fn escaped(byte: u8) -> u32 {
    0xDC00 + u32::from(byte)
}

impl Decoded {
    fn with_capacity(capacity: usize) -> Decoded {
        Decoded { bytes: Vec::with_capacity(capacity), surrogates: false }
    }

    /// Makes it empty.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.surrogates = false;
    }

    /// Text of code points, lone surrogates among them.
    pub fn from_code_points(points: impl Iterator<Item = u32>) -> Decoded {
        let mut out = Decoded::with_capacity(points.size_hint().0);
        points.for_each(|point| out.push(point));
        out
    }

    /// Text in WTF-8, which has surrogates or not.
    pub fn from_wtf8(bytes: Vec<u8>, surrogates: bool) -> Decoded {
        Decoded { bytes, surrogates }
    }

    /// The text in WTF-8.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether lone surrogates are in it, so that it is not UTF-8.
    pub fn has_surrogates(&self) -> bool {
        self.surrogates
    }

    /// Appends bytes meant to be UTF-8; those that are not become escaped bytes.
    pub fn push_utf8(&mut self, bytes: &[u8]) {
        if bytes.is_ascii() {
            return self.bytes.extend_from_slice(bytes);
        }
        for chunk in bytes.utf8_chunks() {
            self.bytes.extend_from_slice(chunk.valid().as_bytes());
            self.push_escaped(chunk.invalid());
        }
    }

    /// The code points, lone surrogates among them.
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

/// What an encoding only decodes: all its pairs of bytes are tried, and EUC-JP's triples.
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

/// The table of an encoding, made when it is first needed.
fn table_of<'p>(
    encoding: &'static encoding_rs::Encoding,
    pairs: &'p OnceLock<Box<Pairs>>,
) -> &'p Pairs {
    pairs.get_or_init(|| Box::new(Pairs::of(encoding)))
}

/// How a byte that is no text is given: a decoder may reject an ASCII byte together with the lead byte
/// before it.
fn bad_byte(byte: u8) -> u32 {
    if byte < 0x80 { u32::from(byte) } else { escaped(byte) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_points(decoded: &Decoded) -> Vec<u32> {
        decoded.code_points().collect()
    }

    #[test]
    fn every_byte_survives_every_encoding() {
        let bytes: Vec<u8> = (1..=255).collect();
        for name in
            ["", "CP1251", "cp1252", "ISO-8859-1", "iso8859_2", "ISO-8859-9", "KOI8-R", "CP866"]
        {
            let encoding = Encoding::named(name).expect(name);
            let points = code_points(&encoding.decode(&bytes));
            assert_eq!(encoding.encode_code_points(points.into_iter()), bytes, "{name}");
        }
    }

    #[test]
    fn iso_8859_has_control_characters() {
        let decoded = Encoding::named("ISO-8859-9").unwrap().decode(b"\x80\xFD");
        assert_eq!(code_points(&decoded), [0x80, 0x131]);
        for name in
            ["latin1", "latin2", "latin4", "latin5", "ISO-8859-1", "iso8859-2", "iso_8859-15"]
        {
            let encoding = Encoding::named(name).unwrap();
            let bytes: Vec<u8> = (0x80..0xA0).collect();
            let points: Vec<u32> = (0x80..0xA0).collect();
            assert_eq!(code_points(&encoding.decode(&bytes)), points, "{name}");
            assert_eq!(encoding.encode_code_points(points.into_iter()), bytes, "{name}");
        }
    }

    #[test]
    fn multi_byte_text_and_broken_bytes() {
        let gbk = Encoding::named("GBK").unwrap();
        let decoded = gbk.decode(b"a\xC4\xE3\xBA\xC3\xFF\x81");
        assert_eq!(code_points(&decoded), [0x61, 0x4F60, 0x597D, 0xDCFF, 0xDC81]);
        assert_eq!(
            gbk.encode_code_points(code_points(&decoded).into_iter()),
            b"a\xC4\xE3\xBA\xC3\xFF\x81"
        );
        assert_eq!(gbk.encode("你\u{1F600}!"), b"\xC4\xE3?!");
    }

    /// Found by the fuzzer: these were decoded, and came back as `?`.
    #[test]
    #[cfg_attr(miri, ignore = "safe code, and a hundred thousand rounds")]
    fn characters_that_encoders_lack_survive() {
        let samples: [(&str, &[u8]); 4] = [
            ("CP932", b"\xF8\x9D"),
            ("Big5", b"\x87\x7D"),
            ("Big5", b"\x88\x66"),
            ("EUC-JP", b"\x8F\xB0\xA1"),
        ];
        for (name, bytes) in samples {
            let encoding = Encoding::named(name).unwrap();
            let points = code_points(&encoding.decode(bytes));
            assert!(matches!(points[..], [0x80..0xDC00 | 0xE000..]), "{name} {points:x?}");
            assert_eq!(encoding.encode_code_points(points.into_iter()), bytes, "{name}");
        }
    }

    /// What a pair of bytes means must survive, also of the pairs that have a second form.
    #[test]
    #[cfg_attr(miri, ignore = "safe code, and a hundred thousand rounds")]
    fn every_pair_of_bytes_survives_every_encoding() {
        for name in ["GBK", "GB18030", "Big5", "Shift_JIS", "EUC-JP", "EUC-KR"] {
            let encoding = Encoding::named(name).unwrap();
            for (lead, last) in (0x80..=0xFF).flat_map(|lead| (0x30..=0xFF).map(move |b| (lead, b)))
            {
                let points = code_points(&encoding.decode(&[lead, last]));
                let back = encoding.encode_code_points(points.iter().copied());
                let again = code_points(&encoding.decode(&back));
                assert_eq!(again, points, "{name} {lead:x} {last:x}: {back:x?}");
            }
        }
    }

    /// Found by the fuzzer: the second character of such a pair came back as `?`.
    #[test]
    fn big5_has_pairs_that_are_two_characters() {
        let big5 = Encoding::named("Big5").unwrap();
        for bytes in [b"\x88\x62", b"\x88\x64", b"\x88\xA3", b"\x88\xA5"] {
            let points = code_points(&big5.decode(bytes));
            assert_eq!(points.len(), 2);
            assert_eq!(big5.encode_code_points(points.into_iter()), bytes);
        }
        let others = "\u{304}\u{CA}\u{301}\u{EA}a\u{30C}";
        assert_eq!(big5.encode(others), b"?\x88\x66?\x88\xA7a?");
    }

    /// Found by the fuzzer: four such bytes were a character, which came back as `?`.
    #[test]
    fn gbk_has_no_sequences_of_four_bytes() {
        let gbk = Encoding::named("GBK").unwrap();
        let decoded = gbk.decode(b"\xC4\xE3\x90\x30\x81\x30\xBA\xC3");
        assert_eq!(code_points(&decoded), [0x4F60, 0xDC90, 0x30, 0xDC81, 0x30, 0x597D]);
    }

    /// What encoding_rs says of a whole text.
    fn streamed(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> Vec<u32> {
        use encoding_rs::DecoderResult;
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let (mut points, mut consumed, mut buffer) = (Vec::new(), 0, [0; 1024]);
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(&bytes[consumed..], &mut buffer, true);
            let text = std::str::from_utf8(&buffer[..written]).unwrap();
            points.extend(text.chars().map(u32::from));
            consumed += read;
            match result {
                DecoderResult::InputEmpty => return points,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    let end = consumed - usize::from(after);
                    points.extend(bytes[end - usize::from(bad)..end].iter().map(|&b| bad_byte(b)));
                }
            }
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "safe code, and a million rounds")]
    fn the_tables_say_what_encoding_rs_says() {
        // GBK is left out: encoding_rs decodes more there.
        for name in ["GB18030", "Big5", "Shift_JIS", "EUC-JP", "EUC-KR"] {
            let encoding = Encoding::named(name).unwrap();
            let Kind::MultiByte(theirs, ..) = &encoding.kind else { panic!("{name}") };
            let check = |bytes: &[u8]| {
                let ours = encoding.points_of_several_bytes(bytes).unwrap();
                assert_eq!(*ours, *streamed(theirs, bytes), "{name} {bytes:x?}");
            };
            for first in 0..=0xFF_u8 {
                for second in 0..=0xFF_u8 {
                    for last in [0x20, 0x30, 0x41, 0x80, 0x81, 0x8F, 0xA1, 0xE0, 0xFD, 0xFF] {
                        check(&[first, second, last]);
                        check(&[0x8F, first, second, last]);
                    }
                    check(&[first, second]);
                }
            }
            // Any bytes, most of them not ASCII.
            let mut state = 0x2545_F491_4F6C_DD1D_u64;
            for _ in 0..20_000 {
                let bytes: Vec<u8> = (0..24)
                    .map(|_| {
                        state ^= state << 13;
                        state ^= state >> 7;
                        state ^= state << 17;
                        if state & 7 == 0 {
                            (state >> 40) as u8 & 0x7F
                        } else {
                            (state >> 32) as u8 | 0x80
                        }
                    })
                    .collect();
                check(&bytes);
            }
        }
    }

    #[test]
    fn missing_characters_become_question_marks() {
        assert_eq!(
            Encoding::named("CP1251").unwrap().encode("Привет 你"),
            b"\xCF\xF0\xE8\xE2\xE5\xF2 ?"
        );
        let lone = [0x41, 0xD800, 0xDC41].into_iter();
        assert_eq!(UTF8.encode_code_points(lone), b"A??");
    }

    #[test]
    fn unknown_names_are_told() {
        assert!(Encoding::named("klingon").is_none());
        assert!(Encoding::named("UTF-16").is_none());
    }
}
