//! `w_vapack`, `w_unpack`, `w_packprint` and `w_free_args` with any two formats, against a model.
#![no_main]

use std::ffi::{CString, c_char, c_void};

use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use vh_python_wrapper::abi::{w_Targs, w_free_args, w_packprint};
use vh_python_wrapper_fuzz::{c_string, element, is_letter, pack, silence_log, text_of, w_unpack};

/// More letters than the call of `w_unpack` below has destinations are not read back.
const DESTINATIONS: usize = 12;
const UNTOUCHED: u64 = 0x5eed_5eed_5eed_5eed;

#[derive(Debug)]
struct Input {
    packed: CString,
    read: CString,
    values: Vec<u64>,
    /// An element whose type is changed after packing.
    broken: Option<(usize, u8)>,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let packed = format(input)?;
        // Mostly the same format, at times changed a little.
        let mut read = if input.ratio(3, 4)? {
            packed.as_bytes().to_vec()
        } else {
            format(input)?.into_bytes()
        };
        for _ in 0..input.int_in_range(0..=2)? {
            let place = input.int_in_range(0..=read.len())?;
            match input.int_in_range(0..=3)? {
                0 => read.insert(place, b'|'),
                1 => read.truncate(place),
                2 => read.insert(place, *input.choose(b"lsdpLDO")?),
                _ => {}
            }
        }
        let values: Result<Vec<u64>, _> =
            packed.as_bytes().iter().map(|_| input.arbitrary()).collect();
        let broken =
            if input.ratio(1, 8)? { Some((input.arbitrary()?, input.arbitrary()?)) } else { None };
        Ok(Input { packed, read: c_string(&read), values: values?, broken })
    }
}

fn format(input: &mut Unstructured) -> arbitrary::Result<CString> {
    const LETTERS: &[u8] = b"lsdpLDO";
    const OTHERS: &[u8] = b"lsdpLDO|tabx\xFF";
    let letters = if input.ratio(1, 4)? { OTHERS } else { LETTERS };
    let longest = if input.ratio(1, 32)? { 200 } else { 6 };
    let length = input.int_in_range(0..=longest)?;
    let format: Result<Vec<u8>, _> = (0..length).map(|_| input.choose(letters).copied()).collect();
    Ok(c_string(&format?))
}

/// Where the values `w_unpack` writes come from; None when it must refuse.
fn expected(packed: &[u8], read: &[u8], values: &[u64]) -> Option<Vec<u64>> {
    let bar = read.iter().position(|&letter| letter == b'|');
    let mut letters = read.to_vec();
    if let Some(bar) = bar {
        letters.remove(bar);
    }
    let required = bar.unwrap_or(letters.len());
    if !letters.iter().all(|&letter| is_letter(letter)) {
        return None;
    }
    if packed.len() >= required && letters.starts_with(packed) {
        let absent = letters.len() - packed.len();
        return Some(values.iter().copied().chain(std::iter::repeat_n(0, absent)).collect());
    }
    (letters == b"s" && packed == b"ss" && values[0] == 0).then(|| vec![values[1]])
}

/// The values an element of this letter can have: strings are allocations of their own.
fn value(letter: u8, seed: u64) -> u64 {
    let text = |seed: u64| {
        let text = c_string(&seed.to_le_bytes());
        // SAFETY: a C string.
        unsafe { libc::strdup(text.as_ptr()) as u64 }
    };
    match letter {
        b's' | b'D' | b'L' if seed % 4 == 0 => 0,
        b's' | b'D' => text(seed),
        b'L' => {
            // SAFETY: room for one text and the NULL behind it.
            unsafe {
                let list = libc::calloc(2, 8).cast::<u64>();
                list.write(text(seed));
                list as u64
            }
        }
        b'O' => 0,
        _ => seed,
    }
}

/// What `w_unpack` wrote, if it accepted the format.
fn unpack(block: *mut w_Targs, read: &CString) -> Option<[u64; DESTINATIONS]> {
    let mut into = [UNTOUCHED; DESTINATIONS];
    let [a, b, c, d, e, f, g, h, i, j, k, l] = into.each_mut().map(std::ptr::from_mut::<u64>);
    // SAFETY: a live block, a C string, and a destination for each letter or a refusal.
    let done = unsafe { w_unpack(block, read.as_ptr(), a, b, c, d, e, f, g, h, i, j, k, l) };
    match done {
        0 => {
            assert_eq!(into, [UNTOUCHED; DESTINATIONS], "a refusal wrote something");
            None
        }
        _ => {
            assert_eq!(done, 1);
            Some(into)
        }
    }
}

fn check(input: Input) {
    let (packed, read) = (input.packed.as_bytes(), input.read.as_bytes());
    let values: Vec<u64> =
        packed.iter().zip(&input.values).map(|(&letter, &seed)| value(letter, seed)).collect();
    let block = pack(&input.packed, &values);
    if !packed.iter().all(|&letter| is_letter(letter)) {
        assert!(block.is_null(), "a bad format was packed");
        for (&letter, &value) in packed.iter().zip(&values) {
            release(letter, value);
        }
        return;
    }
    assert!(!block.is_null());
    let mut readable = true;
    if let Some((index, kind)) = input.broken
        && !packed.is_empty()
    {
        let index = index % packed.len();
        // A string nobody frees would be a leak of this fuzzer.
        if !b"sDL".contains(&packed[index]) && !b"sDL".contains(&kind) {
            readable = packed[index] == kind;
            // SAFETY: the block has the element.
            unsafe { (*element(block, index)).kind = kind as c_char };
        }
    }
    let wanted = if readable { expected(packed, read, &values) } else { None };
    if wanted.as_ref().is_none_or(|wanted| wanted.len() <= DESTINATIONS) {
        let got = unpack(block, &input.read);
        match (&wanted, &got) {
            (None, None) => {}
            (Some(wanted), Some(got)) => assert_eq!(got[..wanted.len()], wanted[..]),
            _ => panic!("unpack of {packed:?} as {read:?}: {got:?} instead of {wanted:?}"),
        }
    }
    // SAFETY: a live block with its strings.
    unsafe {
        let printed = text_of(w_packprint(block)).expect("it is never NULL");
        assert_eq!(printed.starts_with(b"(malformed"), !readable);
        if input.values.first().is_some_and(|seed| seed % 3 == 0) {
            for (&letter, &value) in packed.iter().zip(&values) {
                release(letter, value);
            }
            libc::free(block.cast::<c_void>());
        } else {
            w_free_args(block);
        }
    }
}

/// Frees a value as the caller of `w_pack` that keeps its strings.
fn release(letter: u8, value: u64) {
    // SAFETY: made by `value`.
    unsafe {
        if letter == b'L' && value != 0 {
            libc::free(*(value as *mut *mut c_void));
        }
        if b"sDL".contains(&letter) {
            libc::free(value as *mut c_void);
        }
    }
}

fuzz_target!(init: silence_log(), |input: Input| check(input));
