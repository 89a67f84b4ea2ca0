//! Decodes encodings of two bytes by a table of all pairs. So bytes that are no text take no longer than
//! text, which matters because users choose them. The table is filled from encoding_rs, which decides what
//! each pair means.
//!
//! Sequences of three bytes (EUC-JP has them, beginning with 0x8F) have a table of their own. Sequences of
//! four (in GB18030) and pairs that are two characters (Big5 has four) are left to encoding_rs each time.

use encoding_rs::{DecoderResult, EUC_JP, Encoding, GBK};

/// Bytes below it are ASCII.
const FIRST: usize = 0x80;
const LEADS: usize = 0x100 - FIRST;
/// The lead byte of sequences of three bytes.
const LONG_LEAD: u8 = 0x8F;

/// What a table has instead of a code point: this, plus how many bytes are no text; or that encoding_rs is to
/// be asked.
const BAD: u32 = 0x20_0000;
const ASK: u32 = 0x20_0010;

/// The tables of an encoding.
pub struct Pairs {
    encoding: &'static Encoding,
    /// What each byte means alone; `ASK` for lead bytes.
    singles: [u32; LEADS],
    /// For each lead byte, what it means with each byte behind it.
    pairs: Box<[[u32; 0x100]; LEADS]>,
    /// What two bytes behind `LONG_LEAD` mean, the first of which is not ASCII.
    triples: Option<Box<[[u32; 0x100]; LEADS]>>,
}

impl std::fmt::Debug for Pairs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Pairs").field(&self.encoding.name()).finish()
    }
}

impl Pairs {
    /// Fills the tables by asking encoding_rs for every pair.
    pub fn of(encoding: &'static Encoding) -> Pairs {
        let table = |before: &[u8]| {
            let mut rows = vec![[ASK; 0x100]; LEADS];
            for (lead, row) in (0x80..=0xFF).zip(&mut rows) {
                for (last, place) in (0..=0xFF).zip(row) {
                    *place = entry(encoding, &[before, &[lead, last]].concat());
                }
            }
            let rows: Box<[[u32; 0x100]; LEADS]> =
                rows.into_boxed_slice().try_into().expect("a row for each lead byte");
            rows
        };
        Pairs {
            encoding,
            singles: std::array::from_fn(|index| entry(encoding, &[(FIRST + index) as u8])),
            pairs: table(&[]),
            triples: (encoding == EUC_JP).then(|| table(&[LONG_LEAD])),
        }
    }

    /// Decodes a text. Bytes that are no text become the surrogates that stand for them.
    pub fn decode(&self, bytes: &[u8], mut push: impl FnMut(u32)) {
        let mut rest = bytes;
        while let Some(&first) = rest.first() {
            let length = match first {
                0..=0x7F => {
                    push(u32::from(first));
                    1
                }
                _ => self.sequence(rest, &mut push),
            };
            rest = &rest[length..];
        }
    }

    /// Decodes the sequence at the beginning, which is not ASCII, and returns its length.
    #[inline]
    fn sequence(&self, rest: &[u8], push: &mut impl FnMut(u32)) -> usize {
        let index = usize::from(rest[0]) - FIRST;
        let (mut found, mut length) = (self.singles[index], 1);
        if let (ASK, Some(&second)) = (found, rest.get(1)) {
            (found, length) = (self.pairs[index][usize::from(second)], 2);
            if let (ASK, Some(triples), &[LONG_LEAD, second @ 0x80..=0xFF, third, ..]) =
                (found, &self.triples, rest)
            {
                found = triples[usize::from(second) - FIRST][usize::from(third)];
                length = 3;
            }
        }
        match found {
            ASK => self.ask(rest, push),
            bad @ BAD.. => {
                let length = (bad - BAD) as usize;
                rest[..length].iter().for_each(|&byte| push(super::bad_byte(byte)));
                length
            }
            point => {
                push(point);
                length
            }
        }
    }

    /// The same by asking encoding_rs.
    #[cold]
    fn ask(&self, rest: &[u8], push: &mut impl FnMut(u32)) -> usize {
        let longest = rest.len().min(4);
        for length in 1..=longest {
            match meaning(self.encoding, &rest[..length]) {
                Meaning::Text(text) => {
                    text.chars().for_each(|character| push(u32::from(character)));
                    return length;
                }
                Meaning::Bad(bad) => {
                    rest[..bad].iter().for_each(|&byte| push(super::bad_byte(byte)));
                    return bad;
                }
                Meaning::Unfinished => {}
            }
        }
        // The text ends in the middle of the sequence.
        push(super::bad_byte(rest[0]));
        1
    }
}

/// What some bytes mean together, when no beginning of them means anything.
enum Meaning {
    Text(String),
    /// So many bytes of them are no text.
    Bad(usize),
    Unfinished,
}

fn meaning(encoding: &'static Encoding, bytes: &[u8]) -> Meaning {
    // encoding_rs also decodes the four-byte sequences of GB18030 here, which GBK does not have and could not
    // encode. They are a lead byte and a digit, twice.
    if encoding == GBK && matches!(bytes, [0x81..=0xFE, b'0'..=b'9', ..]) {
        return Meaning::Bad(1);
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(32);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, false);
    match result {
        DecoderResult::Malformed(bad, after) => {
            let bad = usize::from(bad);
            // There is text before it, which is looked at first.
            Meaning::Bad(if text.is_empty() { bad.min(read - usize::from(after)) } else { 1 })
        }
        _ if text.is_empty() => Meaning::Unfinished,
        _ => Meaning::Text(text),
    }
}

/// The entry of a table for a sequence.
fn entry(encoding: &'static Encoding, bytes: &[u8]) -> u32 {
    let is_whole =
        |length: usize| matches!(meaning(encoding, &bytes[..length]), Meaning::Unfinished);
    // A beginning that has a meaning already is not looked up here.
    if !(1..bytes.len()).all(is_whole) {
        return ASK;
    }
    match meaning(encoding, bytes) {
        Meaning::Bad(length) => BAD + length as u32,
        Meaning::Text(text) => {
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) => u32::from(one),
                _ => ASK,
            }
        }
        Meaning::Unfinished => ASK,
    }
}
