//! Text of the hub in any encoding: nothing is lost on the way to Python and back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vh_core::text::{Decoded, Encoding};

const NAMES: [&str; 24] = [
    "",
    "UTF-8",
    "CP1250",
    "cp1251",
    "windows-1252",
    "CP1253",
    "CP1254",
    "CP1255",
    "CP1256",
    "CP1257",
    "ISO-8859-1",
    "ISO-8859-2",
    "iso8859_5",
    "ISO-8859-8",
    "ISO-8859-9",
    "KOI8-R",
    "KOI8-U",
    "CP866",
    "GBK",
    "GB18030",
    "Big5",
    "Shift_JIS",
    "EUC-JP",
    "EUC-KR",
];

fn code_points(text: &Decoded) -> Vec<u32> {
    text.code_points().collect()
}

/// Python's rule: valid sequences are characters, every other byte is escaped on its own.
fn utf8_as_python_reads_it(bytes: &[u8]) -> Vec<u32> {
    let mut points = Vec::new();
    for chunk in bytes.utf8_chunks() {
        points.extend(chunk.valid().chars().map(u32::from));
        points.extend(chunk.invalid().iter().map(|&byte| 0xDC00 + u32::from(byte)));
    }
    points
}

fn check(encoding: &Encoding, name: &str, bytes: &[u8]) {
    let decoded = encoding.decode(bytes);
    let points = code_points(&decoded);
    let lone = |point: &u32| (0xD800..0xE000).contains(point);
    assert_eq!(decoded.has_surrogates(), points.iter().any(lone));
    assert_eq!(std::str::from_utf8(decoded.bytes()).is_ok(), !decoded.has_surrogates());
    assert_eq!(code_points(&Decoded::from_code_points(points.iter().copied())), points);
    let back = encoding.encode_code_points(points.iter().copied());
    if let Some(table) = encoding.code_points() {
        assert_eq!(
            points,
            bytes.iter().map(|&byte| u32::from(table[usize::from(byte)])).collect::<Vec<_>>()
        );
        assert_eq!(back, bytes, "bytes were lost in {name}");
    } else if encoding.is_utf8() {
        assert_eq!(points, utf8_as_python_reads_it(bytes));
        assert_eq!(back, bytes, "bytes were lost in UTF-8");
    } else {
        // Some characters have two forms in these, and come back in the usual one.
        assert_eq!(code_points(&encoding.decode(&back)), points, "text was changed in {name}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let encoded = encoding.encode(text);
        assert_eq!(encoded, encoding.encode_code_points(text.chars().map(u32::from)));
        assert!(encoded.len() <= text.len() * 2);
    }
    // Any code points, lone surrogates among them, become bytes.
    let any = bytes.as_chunks::<4>().0.iter().map(|chunk| u32::from_le_bytes(*chunk) % 0x11_0000);
    encoding.encode_code_points(any);
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, bytes)) = data.split_first() else { return };
    if let Some(name) = NAMES.get(usize::from(choice)) {
        let number = Encoding::number_of(name).expect("a known name");
        check(Encoding::numbered(number).expect("it was given out"), name, bytes);
    } else if let Ok(name) = std::str::from_utf8(&bytes[..bytes.len().min(16)])
        && let Some(encoding) = Encoding::named(name)
    {
        check(&encoding, name, bytes);
    }
});
