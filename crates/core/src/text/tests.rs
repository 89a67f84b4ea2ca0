//! Text that goes there and back in every encoding.

use super::*;

fn code_points(decoded: &Decoded) -> Vec<u32> {
    decoded.code_points().collect()
}

#[test]
fn every_byte_survives_every_encoding() {
    let bytes: Vec<u8> = (1..=255).collect();
    for name in ["", "CP1251", "cp1252", "ISO-8859-1", "iso8859_2", "ISO-8859-9", "KOI8-R", "CP866"]
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
    for name in ["latin1", "latin2", "latin4", "latin5", "ISO-8859-1", "iso8859-2", "iso_8859-15"] {
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
        for (lead, last) in (0x80..=0xFF).flat_map(|lead| (0x30..=0xFF).map(move |b| (lead, b))) {
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

#[test]
fn an_encoding_has_many_names() {
    for (name, other) in [
        ("utf8", "UTF-8"),
        ("gb2312", "GBK"),
        ("CP936", "GBK"),
        ("ms949", "EUC-KR"),
        ("CP950", "Big5"),
        ("cp932", "Shift_JIS"),
        ("ibm-866", "IBM866"),
        ("latin-1", "ISO-8859-1"),
        ("iso8859-1", "ISO-8859-1"),
        ("ISO8859_2", "iso-8859-2"),
        (" windows-1251 ", "windows-1251"),
    ] {
        let [one, two] = [name, other].map(|name| Encoding::number_of(name).expect(name));
        assert_eq!(one, two, "{name}");
    }
}

#[test]
fn an_encoding_is_found_again_by_its_number() {
    assert_eq!((Encoding::number_of(""), Encoding::number_of("UTF-8")), (Some(0), Some(0)));
    assert!(Encoding::numbered(UTF8_NUMBER).unwrap().is_utf8());
    let [cyrillic, greek] = ["CP1251", "CP1253"].map(|name| Encoding::number_of(name).expect(name));
    assert!(cyrillic != greek && cyrillic != UTF8_NUMBER && greek != UTF8_NUMBER);
    assert_eq!(Encoding::number_of("cp1251"), Some(cyrillic));
    let encode =
        |number| Encoding::numbered(number).expect("it was asked for").encode("\u{41F}\u{3A9}");
    assert_eq!((encode(cyrillic), encode(greek)), (b"\xCF?".to_vec(), b"?\xD9".to_vec()));
    assert!(Encoding::numbered(255).is_none() && Encoding::numbered(256).is_none());
    assert!(Encoding::number_of("klingon").is_none());
}

#[test]
fn single_bytes_have_their_code_points() {
    let cyrillic = Encoding::named("CP1251").unwrap();
    let points = cyrillic.code_points().unwrap();
    assert_eq!((points[0x41], points[0xCF], points[0x98]), (0x41, 0x41F, 0xDC98));
    assert!(UTF8.code_points().is_none() && UTF8.points_of_several_bytes(b"a").is_none());
    let gbk = Encoding::named("GBK").unwrap();
    assert!(gbk.code_points().is_none() && !gbk.is_utf8() && !cyrillic.is_utf8());
    assert_eq!(*gbk.points_of_several_bytes(b"a\xC4\xE3").unwrap(), [0x61, 0x4F60]);
}

#[test]
fn decoded_text_knows_whether_it_has_lone_surrogates() {
    let mut text = UTF8.decode("aä中\u{1F600}".as_bytes());
    assert!(!text.has_surrogates());
    assert_eq!(text.bytes(), "aä中\u{1F600}".as_bytes());
    assert_eq!(code_points(&text), [0x61, 0xE4, 0x4E2D, 0x1_F600]);
    text.push_utf8(b"b\xFF");
    assert!(text.has_surrogates() && text.bytes().ends_with(b"b\xED\xB3\xBF"));
    assert_eq!(code_points(&text)[4..], [0x62, 0xDCFF]);
    text.clear();
    assert_eq!((text.bytes(), text.has_surrogates()), (b"".as_slice(), false));
    let lone = [0xD800, 0x61, 0xDFFF, 0xDBAA].into_iter();
    let text = Decoded::from_code_points(lone.clone());
    assert!(text.has_surrogates() && code_points(&text).into_iter().eq(lone));
    let copy = Decoded::from_wtf8(text.bytes().to_vec(), true);
    assert!(copy.has_surrogates() && code_points(&copy) == code_points(&text));
    assert!(!Decoded::from_wtf8(b"a".to_vec(), false).has_surrogates());
}

#[test]
fn utf_8_is_encoded_as_it_is() {
    assert_eq!(UTF8.encode("aä\u{1F600}"), "aä\u{1F600}".as_bytes());
    let points = [0x61, 0xE4, 0xDC80, 0x1_F600].into_iter();
    assert_eq!(UTF8.encode_code_points(points), b"a\xC3\xA4\x80\xF0\x9F\x98\x80");
}
