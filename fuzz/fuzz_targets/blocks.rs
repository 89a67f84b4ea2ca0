//! Building, reading and releasing blocks in `crates/host/src/targs`: what goes in comes out, and every string is
//! released once, whoever releases it.
#![no_main]

use std::borrow::Cow;
use std::ffi::c_void;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use vh_python_wrapper::abi::{w_Targs, w_free_args, w_packprint};
use vh_host::targs::{Block, Item, Piece, Storage, TAB_LENGTH, View, as_text, brief};
use vh_python_wrapper_fuzz::{OwnedBlock, c_string, element, silence_log, text_of, texts_of};

#[derive(Arbitrary, Debug)]
enum Value {
    Int(i64),
    Float(f64),
    Pointer(u32),
    Text(Option<Vec<u8>>),
    Json(Vec<u8>),
    List(Vec<Vec<u8>>),
    Unsupported,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Shape {
    Inside,
    Separate,
    Tab,
}

#[derive(Arbitrary, Debug)]
struct Input {
    values: Vec<Value>,
    shape: Shape,
    /// Release each string, then the block, instead of all at once.
    one_by_one: bool,
    of_the_host: OwnedBlock,
}

fn without_nul(text: &[u8]) -> Vec<u8> {
    c_string(text).into_bytes()
}

impl Value {
    fn piece(&self) -> Piece<'static> {
        match self {
            Value::Int(number) => Piece::Int(*number),
            Value::Float(number) => Piece::Float(*number),
            Value::Pointer(address) => Piece::Pointer(*address as usize as *mut c_void),
            Value::Text(text) => {
                Piece::Text(text.as_deref().map(|text| Cow::Owned(without_nul(text))))
            }
            Value::Json(text) => Piece::Json(without_nul(text)),
            Value::List(texts) => Piece::List(texts.iter().map(|text| without_nul(text)).collect()),
            Value::Unsupported => Piece::Unsupported,
        }
    }
}

fn is_same(piece: &Piece, item: &Item) -> bool {
    match (piece, item) {
        (Piece::Int(a), Item::Int(b)) => a == b,
        (Piece::Float(a), Item::Float(b)) => a.to_bits() == b.to_bits(),
        (Piece::Pointer(a), Item::Pointer(b)) => a == b,
        (Piece::Text(None), Item::Text(None)) | (Piece::Unsupported, Item::Unsupported) => true,
        (Piece::Text(Some(a)), Item::Text(Some(b))) => **a == **b,
        (Piece::Json(a), Item::Json(Some(b))) => a == b,
        (Piece::List(a), Item::List(Some(b))) => a == b,
        _ => false,
    }
}

/// Frees the strings outside the block, then the block.
unsafe fn release_one_by_one(block: *mut w_Targs, length: usize, storage: Storage) {
    // SAFETY: the caller's block, with `length` elements.
    unsafe {
        for index in 0..length {
            let element = *element(block, index);
            match element.kind as u8 {
                b'L' => {
                    let list = element.value.L;
                    for text in 0..texts_of(list).len() {
                        libc::free((*list.add(text)).cast());
                    }
                    libc::free(list.cast());
                }
                b's' | b'D' if storage == Storage::Separate => libc::free(element.value.p),
                _ => {}
            }
        }
        libc::free(block.cast());
    }
}

fn build(input: &Input) {
    let tab = matches!(input.shape, Shape::Tab);
    let storage =
        if matches!(input.shape, Shape::Inside) { Storage::Inside } else { Storage::Separate };
    let mut pieces: Vec<_> = input.values.iter().map(Value::piece).collect();
    if !tab {
        // Only `tab` blocks have them.
        pieces.retain(|piece| !matches!(piece, Piece::Unsupported));
    }
    let block = if tab { Block::tab(&pieces) } else { Block::new(&pieces, storage) };
    let block = block.expect("there is memory");
    let view = block.view();
    let length = if tab { TAB_LENGTH } else { pieces.len() };
    assert_eq!((view.is_tab(), view.length()), (tab, length));
    for (index, piece) in pieces.iter().take(length).enumerate() {
        assert!(is_same(piece, &view.item(index)), "{piece:?} became {:?}", view.item(index));
    }
    brief(&view, as_text);
    let block = block.into_raw();
    // SAFETY: a live block with its strings, released once.
    unsafe {
        if input.one_by_one {
            release_one_by_one(block, length, storage);
        } else {
            w_free_args(block);
        }
    }
}

/// A block of the host is read or refused, and released with all it owns.
fn read(block: OwnedBlock) {
    // SAFETY: a live block with its strings.
    unsafe {
        let view = View::new(block.as_ptr());
        if let Ok(view) = &view {
            assert_eq!(view.items().count(), view.length());
        }
        let printed = text_of(w_packprint(block.as_ptr())).expect("it is never NULL");
        assert_eq!(printed.starts_with(b"(malformed"), view.is_err());
    }
}

fuzz_target!(init: silence_log(), |input: Input| {
    build(&input);
    read(input.of_the_host);
});
