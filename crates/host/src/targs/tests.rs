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

#[test]
fn a_block_is_as_large_as_what_is_written_into_it() {
    for length in 0..64 {
        let text = vec![b'x'; length];
        let texts = vec![text.as_slice(); length % 3];
        let pieces = || [Piece::Json(text.clone()), Piece::Text(Some(text.clone().into()))];
        let blocks = [
            Block::texts(&texts),
            Block::new(&pieces(), Storage::Inside),
            Block::new(&pieces(), Storage::Separate),
            Block::int(1),
            Block::tab(&pieces()),
        ];
        for block in blocks.map(Option::unwrap) {
            // SAFETY: live blocks with a format, whose end is the last byte; texts of malloc and their ends.
            unsafe {
                let format = (*block.as_ptr()).format as usize;
                assert!(is_inside(block.as_ptr(), format + block.view().format().len()));
                assert!(!is_inside(block.as_ptr(), block.as_ptr() as usize - 1));
            }
        }
        #[cfg(not(miri))]
        // SAFETY: memory of malloc, which is freed once.
        unsafe {
            let copy = malloc_text(&text);
            assert!(libc::malloc_usable_size(copy.cast()) > length);
            libc::free(copy.cast());
            let list = malloc::malloc_list(&vec![Vec::new(); length]);
            assert!(libc::malloc_usable_size(list.cast()) >= (length + 1) * size_of::<usize>());
            malloc::free_list(list);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "it has no malloc_usable_size")]
fn a_tab_block_of_a_hub_has_as_many_elements_as_its_memory() {
    for elements in [1, 3, 10, 12] {
        // SAFETY: room for a head and so many elements, which are written before they are read; the format is
        // a C string that stays, and not inside the block.
        unsafe {
            let block = libc::calloc(1, offset(elements)).cast::<w_Targs>();
            (*block).format = c"tab".as_ptr();
            // There may be a little more room than was asked for.
            let room = libc::malloc_usable_size(block.cast()) - size_of::<w_Targs>();
            let length = (room / size_of::<w_Telement>()).min(TAB_LENGTH);
            assert!(length >= elements.min(TAB_LENGTH));
            assert_eq!(View::new(block).unwrap().length(), length);
            free(block);
        }
    }
}

#[test]
fn each_letter_has_its_value() {
    let mut place = 0;
    let pointer = (&raw mut place).cast();
    let pieces = [Piece::Pointer(pointer), Piece::Object(pointer.cast()), Piece::Json(b"1".into())];
    let block = Block::new(&pieces, Storage::Separate).unwrap();
    let view = block.view();
    assert_eq!((view.format(), view.length(), view.is_tab()), (b"pOD".as_slice(), 3, false));
    assert!(matches!(view.item(0), Item::Pointer(found) if found == pointer));
    assert!(matches!(view.item(1), Item::Object(found) if found == pointer.cast()));
    assert!(matches!(view.item(2), Item::Json(Some(b"1"))));
    assert_eq!(brief(&view, as_text), "<pointer>, <object>, \"1\"");
    let block = Block::int(-7).unwrap();
    assert!(matches!(block.view().item(0), Item::Int(-7)));
    let empty = Block::texts(&[]).unwrap();
    assert_eq!((empty.view().length(), brief(&empty.view(), as_text).as_str()), (0, ""));
    let tab = Block::tab(&[Piece::Float(1.0), Piece::Unsupported]).unwrap();
    let rest = ", <unsupported>".repeat(TAB_LENGTH - 1);
    assert_eq!(brief(&tab.view(), as_text), format!("1.0{rest}"));
}

#[test]
fn what_is_wrong_with_a_block_is_told() {
    let wrong = |block: *const w_Targs| {
        // SAFETY: NULL or a live block.
        unsafe { View::new(block) }.map(drop).unwrap_err().message().to_owned()
    };
    assert_eq!(wrong(std::ptr::null()), "the block is NULL");
    let block = Block::new(&[Piece::Int(7), Piece::Int(8)], Storage::Inside).unwrap();
    // SAFETY: a live block, which is put right before it is freed.
    unsafe {
        let format = (*block.as_ptr()).format;
        (*block.as_ptr()).format = std::ptr::null();
        assert_eq!(wrong(block.as_ptr()), "the block has no format");
        (*block.as_ptr()).format = c"lx".as_ptr();
        assert_eq!(wrong(block.as_ptr()), "the format \"lx\" has the letter 'x'");
        (*block.as_ptr()).format = c"ls".as_ptr();
        assert_eq!(wrong(block.as_ptr()), "element 1 of the format \"ls\" has the type 'l'");
        (*block.as_ptr()).format = format;
    }
    assert_eq!(block.view().length(), 2);
}

#[test]
fn a_format_fits_a_block_that_begins_with_its_letters() {
    let text = |text: &'static [u8]| Piece::Text(Some(Cow::Borrowed(text)));
    let from = |pieces: &[Piece], format: &std::ffi::CStr| {
        let block = Block::new(pieces, Storage::Inside).unwrap();
        // SAFETY: a live block and a C string.
        unsafe { unpack_from(block.as_ptr(), format.as_ptr()) }
    };
    assert_eq!(from(&[text(b"a"), Piece::Int(1)], c"sl|d"), 0);
    assert_eq!(from(&[text(b"a")], c"s|ld"), 0);
    assert_eq!(from(&[text(b"a"), Piece::Int(1)], c"s|ld"), 0);
    assert_eq!(from(&[text(b"a"), Piece::Float(1.0)], c"s|ld"), -1);
    assert_eq!(from(&[text(b"a")], c"sl|d"), -1);
    assert_eq!(from(&[text(b"a"), Piece::Int(1)], c"s"), -1);
    assert_eq!(from(&[text(b"a")], c"x"), -1);
    // Older hosts read the replacement of a chat line so.
    assert_eq!(from(&[Piece::Text(None), text(b"a")], c"s"), 1);
    assert_eq!(from(&[text(b"n"), text(b"a")], c"s"), -1);
    assert_eq!(from(&[Piece::Text(None), Piece::Int(1)], c"s"), -1);
    assert_eq!(from(&[Piece::Text(None), text(b"a")], c"l"), -1);
    let block = Block::int(1).unwrap();
    // SAFETY: NULL is allowed for either.
    unsafe {
        assert_eq!(unpack_from(std::ptr::null(), c"l".as_ptr()), -1);
        assert_eq!(unpack_from(block.as_ptr(), std::ptr::null()), -1);
    }
}

#[test]
fn a_format_that_cannot_be_packed_is_told() {
    // SAFETY: NULL is allowed, and so is any C string.
    let refused = |format| vh_testing::told(|| unsafe { refuse_format(format) }).1;
    assert!(refused(std::ptr::null()).contains("no format (NULL)"));
    let told = refused(c"ls\xFFx".as_ptr());
    assert!(told.contains("whose letter '\\u{ff}' is none of lsdpLDO"), "{told}");
}

#[test]
fn numbers_that_lost_their_sign_get_it_back() {
    for (number, meant) in [
        (0x7FFF_FFFF, 0x7FFF_FFFF),
        (0x8000_0000, -0x8000_0000),
        (0xFFFF_FFFF, -1),
        (0x1_0000_0000, 0x1_0000_0000),
        (-5, -5),
    ] {
        assert_eq!(signed(number), meant);
    }
}

#[test]
fn secrets_are_not_shown() {
    let query = b"UPDATE reglist SET login_pwd = 'x'";
    let block = Block::texts(&[b"a", b"b", query, b"+passwd new"]).unwrap();
    let telling = |index| match index {
        1 => Telling::Secret,
        2 => Telling::Query,
        _ => Telling::Text,
    };
    assert_eq!(
        brief(&block.view(), telling),
        r#""a", "***", "UPDATE reglist SET login_pwd = '***'", "+passwd ***""#
    );
}

#[test]
fn c_gets_a_printed_block_whole() {
    let printed = |block: *const w_Targs| {
        // SAFETY: NULL or a live block; what is printed is a C string until the next call.
        unsafe { CStr::from_ptr(print_for_c(block)) }.to_str().unwrap().to_owned()
    };
    assert_eq!(printed(std::ptr::null()), "(null)");
    let long = vec![b'x'; 1000];
    let block = Block::texts(&[&long, b"+passwd new"]).unwrap();
    let shown = format!("ss (\"{}\", \"+passwd new\")", "x".repeat(1000));
    assert_eq!(printed(block.as_ptr()), shown);
    // SAFETY: the element is put right before the block is freed.
    unsafe {
        put_kind(block.as_ptr(), 1, 0);
        let told = "(malformed: element 1 of the format \"ss\" has the type '\\u{0}')";
        assert_eq!(printed(block.as_ptr()), told);
        put_kind(block.as_ptr(), 1, b's');
    }
}

#[test]
#[cfg_attr(miri, ignore = "it loads no programs")]
fn literals_in_a_result_are_left_alone_where_they_are_expected() {
    let args = Block::int(1).unwrap();
    let pieces = || [Piece::Text(Some(Cow::Borrowed(b"own".as_slice()))), Piece::Text(None)];
    let block = Block::new(&pieces(), Storage::Separate).unwrap().into_raw();
    // SAFETY: a string of its own, and a literal that is expected.
    unsafe {
        (*element(block, 1)).value.s = c"a literal".as_ptr().cast_mut();
        let mut result = HostResult::new(block).unwrap();
        result.expect_literals();
        assert!(matches!(result.view().unwrap().item(1), Item::Text(Some(b"a literal"))));
        result.release(&args);
        assert!(HostResult::new(std::ptr::null_mut()).is_none());
    }
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
