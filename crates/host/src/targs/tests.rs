//! Blocks that are built, read, printed and released.

use std::borrow::Cow;

use super::build::put_kind;
use super::*;

fn pieces() -> Vec<Piece<'static>> {
    vec![
        Piece::Int(-1),
        Piece::Float(0.5),
        Piece::Pointer(std::ptr::null_mut()),
        Piece::Text(Some(Cow::Borrowed(b"text"))),
        Piece::Text(None),
        Piece::Json(b"{}".to_vec()),
        Piece::List(vec![b"ab".to_vec(), Vec::new()]),
    ]
}

fn release(block: Block) {
    // SAFETY: the block is given away, and follows the ownership rule.
    unsafe { free(block.into_raw()) };
}

#[test]
fn blocks_are_read_printed_and_freed() {
    for storage in [Storage::Inside, Storage::Separate] {
        let block = Block::new(&pieces(), storage).unwrap();
        assert_eq!(block.view().format(), b"ldpssDL");
        assert_eq!(
            brief(&block.view(), as_text),
            r#"-1, 0.5, NULL, "text", NULL, "{}", ["ab", ""]"#
        );
        release(block);
    }
}

#[test]
fn blocks_of_texts_are_like_those_of_pieces() {
    let texts: [&[u8]; 3] = [b"one", b"", b"three"];
    let pieces = texts.map(|text| Piece::Text(Some(Cow::Borrowed(text))));
    let blocks = [Block::texts(&texts).unwrap(), Block::new(&pieces, Storage::Inside).unwrap()];
    for block in blocks {
        assert_eq!(block.view().format(), b"sss");
        assert_eq!(brief(&block.view(), as_text), r#""one", "", "three""#);
    }
}

#[test]
fn tab_blocks_have_ten_elements() {
    let pieces: Vec<_> = pieces().into_iter().chain([Piece::Unsupported]).collect();
    let block = Block::tab(&pieces).unwrap();
    assert_eq!((block.view().is_tab(), block.view().length()), (true, TAB_LENGTH));
    assert!(matches!(block.view().item(9), Item::Unsupported));
    release(block);
}

#[test]
fn blocks_of_the_host_are_checked() {
    // SAFETY: NULL is allowed, and so is any C string.
    unsafe {
        assert!(View::new(std::ptr::null()).is_err());
    }
    let block = Block::new(&[Piece::Int(7)], Storage::Separate).unwrap();
    // SAFETY: a live block and C strings; the element is put right before the block is freed.
    unsafe {
        assert_eq!(unpack_from(block.as_ptr(), c"l".as_ptr()), 0);
        assert_eq!(unpack_from(block.as_ptr(), c"ll".as_ptr()), -1);
        assert_eq!(unpack_from(block.as_ptr(), c"l|s".as_ptr()), 0);
        assert_eq!(unpack_from(block.as_ptr(), c"s".as_ptr()), -1);
        put_kind(block.as_ptr(), 0, b'd');
        assert!(View::new(block.as_ptr()).is_err());
        assert_eq!(unpack_from(block.as_ptr(), c"l".as_ptr()), -1);
        put_kind(block.as_ptr(), 0, b'l');
    }
}

#[test]
fn results_of_the_host_are_released_once() {
    let args = Block::new(&pieces(), Storage::Inside).unwrap();
    // SAFETY: the arguments themselves, then a block with a string of them and one of its own.
    unsafe {
        HostResult::new(args.as_ptr()).unwrap().release(&args);
        let block = Block::new(&pieces()[3..5], Storage::Separate).unwrap().into_raw();
        (*element(block, 1)).value.s = (*element(args.as_ptr(), 3)).value.s;
        HostResult::new(block).unwrap().release(&args);
    }
    assert_eq!(args.view().format(), b"ldpssDL");
}

/// Shows that Miri is watching: it must stop here. tests/sanitize runs it.
#[cfg(miri)]
#[test]
#[ignore = "a deliberate fault"]
fn a_block_read_after_it_was_freed() {
    let block = Block::int(1).unwrap();
    let freed = block.as_ptr();
    release(block);
    // SAFETY: none, that is the point.
    assert!(unsafe { View::new(freed) }.is_ok());
}
