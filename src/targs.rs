//! Argument blocks: making, reading, printing and freeing `w_Targs`.
//!
//! Everything is libc `malloc`, because hubs release blocks with plain `free`. A block is one
//! allocation: head, elements, strings that live inside it, and last the copy of its format; so
//! `free(block)` never leaks the format. A string pointer is the block's own allocation unless it
//! points into the block.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::ptr::NonNull;

use crate::abi::types::{Payload, w_Targs, w_Telement};
use crate::log;

/// Elements of a `tab` block, whatever their types.
pub const TAB_LENGTH: usize = 10;
const TAB: &[u8] = b"tab";

/// Whether a block format may contain this letter.
pub fn is_letter(letter: u8) -> bool {
    matches!(letter, b'l' | b's' | b'd' | b'p' | b'L' | b'D' | b'O')
}

/// Whether a letter's payload is memory the block may own.
fn is_owned(letter: u8) -> bool {
    matches!(letter, b's' | b'D' | b'L')
}

/// One value of a block, for building.
#[derive(Debug)]
pub enum Piece<'a> {
    /// `l`
    Int(i64),
    /// `d`
    Float(f64),
    /// `p`
    Pointer(*mut c_void),
    /// `s`; without NUL bytes.
    Text(Option<Cow<'a, [u8]>>),
    /// `D`; without NUL bytes.
    Json(Vec<u8>),
    /// `O`, borrowed
    Object(*mut pyo3_ffi::PyObject),
    /// `L`; texts without NUL bytes.
    List(Vec<Vec<u8>>),
    /// Type 0 of a `tab` block.
    Unsupported,
}

impl Piece<'_> {
    fn letter(&self) -> u8 {
        match self {
            Piece::Int(_) => b'l',
            Piece::Float(_) => b'd',
            Piece::Pointer(_) => b'p',
            Piece::Text(_) => b's',
            Piece::Json(_) => b'D',
            Piece::List(_) => b'L',
            Piece::Object(_) => b'O',
            Piece::Unsupported => 0,
        }
    }
}

/// Where the strings of a new block live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// In the block's own allocation: the receiver only frees the block.
    Inside,
    /// Each an allocation of its own: the receiver frees them one by one.
    Separate,
}

/// Where an element starts, from the block's start.
fn offset(index: usize) -> usize {
    size_of::<w_Targs>() + index * size_of::<w_Telement>()
}

/// Allocates a zeroed block of `count` elements, `extra` bytes and the format copy.
/// Returns NULL when there is no memory.
fn allocate(format: &[u8], count: usize, extra: usize) -> *mut w_Targs {
    let tail = offset(count) + extra;
    // SAFETY: calloc with a nonzero size; the writes stay within `tail + format.len() + 1` bytes,
    // and calloc's zeroes end the format.
    unsafe {
        let block = libc::calloc(1, tail + format.len() + 1).cast::<w_Targs>();
        if !block.is_null() {
            let copy = block.cast::<u8>().add(tail);
            copy.copy_from_nonoverlapping(format.as_ptr(), format.len());
            (*block).format = copy.cast();
        }
        block
    }
}

/// The element `index` of a block.
///
/// # Safety
/// The block has more than `index` elements.
unsafe fn element(block: *const w_Targs, index: usize) -> *mut w_Telement {
    // SAFETY: by contract within the block.
    unsafe { block.cast_mut().cast::<u8>().add(offset(index)).cast() }
}

/// A `malloc` copy of `text` with a NUL at its end; NULL when there is no memory.
pub fn malloc_text(text: &[u8]) -> *mut c_char {
    // SAFETY: the allocation has room for the text and its NUL.
    unsafe {
        let copy = libc::malloc(text.len() + 1).cast::<u8>();
        if !copy.is_null() {
            copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
            copy.add(text.len()).write(0);
        }
        copy.cast()
    }
}

/// A NULL-terminated `malloc` list of `malloc` texts; NULL when there is no memory.
fn malloc_list(texts: &[Vec<u8>]) -> *mut *mut c_char {
    // SAFETY: the allocation has room for the pointers and the NULL at their end (calloc's zero).
    unsafe {
        let list = libc::calloc(texts.len() + 1, size_of::<*mut c_char>()).cast::<*mut c_char>();
        if list.is_null() {
            return list;
        }
        for (index, text) in texts.iter().enumerate() {
            let copy = malloc_text(text);
            if copy.is_null() {
                free_list(list);
                return std::ptr::null_mut();
            }
            list.add(index).write(copy);
        }
        list
    }
}

/// Frees a NULL-terminated list and its texts.
///
/// # Safety
/// `list` and each text are allocations of their own.
unsafe fn free_list(list: *mut *mut c_char) {
    // SAFETY: by contract; the list ends with NULL.
    unsafe {
        let mut entry = list;
        while !(*entry).is_null() {
            libc::free((*entry).cast());
            entry = entry.add(1);
        }
        libc::free(list.cast());
    }
}

/// A block of ours, released when dropped.
#[derive(Debug)]
pub struct Block(NonNull<w_Targs>);

// SAFETY: memory of malloc, owned by the value; any thread may use and free it.
unsafe impl Send for Block {}

impl Block {
    /// Builds a block of the pieces' letters; None when there is no memory.
    pub fn new(pieces: &[Piece], storage: Storage) -> Option<Block> {
        let format: Vec<u8> = pieces.iter().map(Piece::letter).collect();
        build(&format, pieces.len(), pieces, storage)
    }

    /// Builds a `tab` block: as many pieces as fit, each told by its element type.
    pub fn tab(pieces: &[Piece]) -> Option<Block> {
        let pieces = &pieces[..pieces.len().min(TAB_LENGTH)];
        build(TAB, TAB_LENGTH, pieces, Storage::Separate)
    }

    /// Reads the block.
    pub fn view(&self) -> View<'_> {
        let block = self.0.as_ptr();
        // SAFETY: built here, with a format that fits its elements.
        View { block, format: unsafe { CStr::from_ptr((*block).format) }.to_bytes() }
    }

    /// The pointer, still owned by this block.
    pub fn as_ptr(&self) -> *mut w_Targs {
        self.0.as_ptr()
    }

    /// Gives the block to C, which releases it.
    pub fn into_raw(self) -> *mut w_Targs {
        let block = self.0.as_ptr();
        std::mem::forget(self);
        block
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the block was built here, its strings follow the ownership rule.
        unsafe { free(self.0.as_ptr()) };
    }
}

/// Bytes a piece needs inside the block.
fn inside_length(piece: &Piece, storage: Storage) -> usize {
    match (piece, storage) {
        (Piece::Text(Some(text)), Storage::Inside) => text.len() + 1,
        (Piece::Json(text), Storage::Inside) => text.len() + 1,
        _ => 0,
    }
}

fn build(format: &[u8], count: usize, pieces: &[Piece], storage: Storage) -> Option<Block> {
    let extra = pieces.iter().map(|piece| inside_length(piece, storage)).sum();
    let block = Block(NonNull::new(allocate(format, count, extra))?);
    // SAFETY: the strings' room starts behind the last element.
    let mut room = unsafe { block.as_ptr().cast::<u8>().add(offset(count)) };
    let mut put = |text: &[u8]| match storage {
        Storage::Separate => malloc_text(text),
        // SAFETY: `extra` counted this text and its NUL; calloc zeroed the NUL.
        Storage::Inside => unsafe {
            let copy = room;
            copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
            room = room.add(text.len() + 1);
            copy.cast()
        },
    };
    for (index, piece) in pieces.iter().enumerate() {
        let value = match piece {
            Piece::Int(number) => Payload { l: *number as c_long },
            Piece::Float(number) => Payload { d: *number },
            Piece::Pointer(pointer) => Payload { p: *pointer },
            Piece::Text(None) | Piece::Unsupported => Payload { p: std::ptr::null_mut() },
            Piece::Text(Some(text)) => Payload { s: non_null(put(text))? },
            Piece::Json(text) => Payload { s: non_null(put(text))? },
            Piece::List(texts) => Payload { L: non_null(malloc_list(texts))? },
            Piece::Object(object) => Payload { O: *object },
        };
        // SAFETY: `index` is below `count`.
        unsafe {
            element(block.as_ptr(), index)
                .write(w_Telement { kind: piece.letter() as c_char, value });
        }
    }
    Some(block)
}

fn non_null<T>(pointer: *mut T) -> Option<*mut T> {
    (!pointer.is_null()).then_some(pointer)
}

/// What is wrong with a block of the host.
#[derive(Debug)]
pub struct Malformed(pub String);

/// One value of a block, for reading. Pointers are valid as long as the block.
#[derive(Debug)]
pub enum Item<'a> {
    /// `l`
    Int(i64),
    /// `d`
    Float(f64),
    /// `p`
    Pointer(*mut c_void),
    /// `s`
    Text(Option<&'a [u8]>),
    /// `D`
    Json(Option<&'a [u8]>),
    /// `L`
    List(Option<Vec<&'a [u8]>>),
    /// `O`, borrowed
    Object(*mut pyo3_ffi::PyObject),
    /// Type 0 of a `tab` block.
    Unsupported,
}

/// A block of the host, checked.
#[derive(Debug)]
pub struct View<'a> {
    block: *const w_Targs,
    format: &'a [u8],
}

impl<'a> View<'a> {
    /// Checks format and element types.
    ///
    /// # Safety
    /// `block` is a block with the elements its format names, alive for `'a` with its strings.
    pub unsafe fn new(block: *const w_Targs) -> Result<View<'a>, Malformed> {
        if block.is_null() {
            return Err(Malformed("the block is NULL".into()));
        }
        // SAFETY: by contract the block is alive.
        let format = unsafe { (*block).format };
        if format.is_null() {
            return Err(Malformed("the block has no format".into()));
        }
        // SAFETY: by contract a C string.
        let view = View { block, format: unsafe { CStr::from_ptr(format) }.to_bytes() };
        view.check()?;
        Ok(view)
    }

    fn check(&self) -> Result<(), Malformed> {
        if self.is_tab() {
            return Ok(());
        }
        for (index, &letter) in self.format.iter().enumerate() {
            if !is_letter(letter) {
                let letter = char::from(letter).escape_default();
                let format = log::quoted(self.format);
                return Err(Malformed(format!("the format {format} has the letter '{letter}'")));
            }
            // SAFETY: by the contract of `new` there is an element for each letter.
            let kind = unsafe { (*element(self.block, index)).kind } as u8;
            if kind != letter {
                let kind = char::from(kind).escape_default();
                let format = log::quoted(self.format);
                return Err(Malformed(format!(
                    "element {index} of the format {format} has the type '{kind}'"
                )));
            }
        }
        Ok(())
    }

    /// The format letters.
    pub fn format(&self) -> &'a [u8] {
        self.format
    }

    /// Whether the elements' types tell what they are.
    pub fn is_tab(&self) -> bool {
        self.format == TAB
    }

    /// Number of elements.
    pub fn length(&self) -> usize {
        // SAFETY: `new` found a live block.
        if self.is_tab() { unsafe { tab_length(self.block) } } else { self.format.len() }
    }

    /// The value at `index`, which is below `length()`.
    pub fn item(&self, index: usize) -> Item<'a> {
        assert!(index < self.length());
        // SAFETY: the index is in range; the letter tells the valid field of the union, and by the
        // contract of `new` strings and lists are alive and terminated.
        unsafe {
            let element = &*element(self.block, index);
            match element.kind as u8 {
                b'l' => Item::Int(element.value.l),
                b'd' => Item::Float(element.value.d),
                b'p' => Item::Pointer(element.value.p),
                b's' => Item::Text(text(element.value.s)),
                b'D' => Item::Json(text(element.value.s)),
                b'L' => Item::List(list(element.value.L)),
                b'O' => Item::Object(element.value.O),
                _ => Item::Unsupported,
            }
        }
    }

    /// All values.
    pub fn items(&self) -> impl Iterator<Item = Item<'a>> {
        (0..self.length()).map(|index| self.item(index))
    }
}

/// Elements of a `tab` block: ten, or as many as lie before its format when that is inside.
///
/// # Safety
/// `block` is a live block from `malloc`.
unsafe fn tab_length(block: *const w_Targs) -> usize {
    // SAFETY: by contract.
    let end = unsafe {
        let format = (*block).format as usize;
        if is_inside(block, format) { format } else { block as usize + usable_size(block) }
    };
    ((end - block as usize).saturating_sub(offset(0)) / size_of::<w_Telement>()).min(TAB_LENGTH)
}

/// # Safety
/// `pointer` is NULL or a C string alive for `'a`.
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: by contract.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_bytes())
}

/// # Safety
/// `list` is NULL or a NULL-terminated list of C strings alive for `'a`.
unsafe fn list<'a>(list: *mut *mut c_char) -> Option<Vec<&'a [u8]>> {
    if list.is_null() {
        return None;
    }
    // SAFETY: by contract.
    Some((0..).map_while(|index| unsafe { text(*list.add(index)) }).collect())
}

/// # Safety
/// `block` is a live block from `malloc`.
unsafe fn usable_size(block: *const w_Targs) -> usize {
    // SAFETY: by contract.
    unsafe { libc::malloc_usable_size(block.cast_mut().cast()) }
}

/// Whether an address lies inside a block's allocation.
///
/// # Safety
/// `block` is a live block from `malloc`.
unsafe fn is_inside(block: *const w_Targs, address: usize) -> bool {
    // SAFETY: by contract.
    let size = unsafe { usable_size(block) };
    (block as usize..block as usize + size).contains(&address)
}

/// `w_free_args`: frees a block and what it owns.
///
/// # Safety
/// `block` is NULL or a live block from `malloc` that follows the ownership rule of this module.
pub unsafe fn free(block: *mut w_Targs) {
    // SAFETY: by contract.
    unsafe { free_strings(block, |_, _| true) };
    // SAFETY: by contract; NULL is fine.
    unsafe { libc::free(block.cast()) };
}

/// Frees the strings of a block for which `owned(index, address)` holds.
///
/// # Safety
/// As for `free`.
unsafe fn free_strings(block: *mut w_Targs, owned: impl Fn(usize, usize) -> bool) {
    // SAFETY: by contract; a block without a format owns nothing that could be found.
    unsafe {
        if block.is_null() || (*block).format.is_null() {
            return;
        }
        let format = CStr::from_ptr((*block).format).to_bytes();
        let count = if format == TAB { tab_length(block) } else { format.len() };
        for index in 0..count {
            let element = &*element(block, index);
            let address = element.value.p as usize;
            if !is_owned(element.kind as u8)
                || address == 0
                || is_inside(block, address)
                || !owned(index, address)
            {
                continue;
            }
            if element.kind as u8 == b'L' {
                free_list(element.value.L);
            } else {
                libc::free(element.value.p);
            }
        }
    }
}

/// The block a host function returned, released when dropped.
#[derive(Debug)]
pub struct HostResult {
    block: NonNull<w_Targs>,
    literal_texts: bool,
}

// SAFETY: as for `Block`.
unsafe impl Send for HostResult {}

impl HostResult {
    /// Takes over a result. None when it is NULL.
    ///
    /// # Safety
    /// `block` is NULL or a block whose strings are heap strings.
    pub unsafe fn new(block: *mut w_Targs) -> Option<HostResult> {
        Some(HostResult { block: NonNull::new(block)?, literal_texts: false })
    }

    /// Some hubs put string literals into this result: they are told apart and not freed.
    pub fn expect_literals(&mut self) {
        self.literal_texts = true;
    }

    /// Reads the result.
    pub fn view(&self) -> Result<View<'_>, Malformed> {
        // SAFETY: by the contract of `HostResult::new`, alive until `self` is dropped.
        unsafe { View::new(self.block.as_ptr()) }
    }

    /// Releases a result of a call with the arguments `args`. The result may be `args` itself, and
    /// its strings may be those of `args`; both stay for `args` to release.
    pub fn release(self, args: &Block) {
        let block = self.block.as_ptr();
        if block == args.as_ptr() {
            return;
        }
        // SAFETY: by the contract of `HostResult::new`; what belongs to `args` or to a loaded
        // program image is left alone.
        unsafe {
            free_strings(block, |_, address| {
                let literal = self.literal_texts && is_in_program(address);
                !literal && !is_inside(args.as_ptr(), address)
            });
            libc::free(block.cast());
        }
    }
}

/// Whether an address belongs to a loaded program or library, as string literals do.
fn is_in_program(address: usize) -> bool {
    // SAFETY: dladdr only looks the address up; the zeroed structure is its output.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        libc::dladdr(address as *const c_void, &raw mut found) != 0
    }
}

/// Frees the cells of an `SQL` result after reading them.
///
/// # Safety
/// `cells` is NULL or a `malloc` array of `count` NULL or `malloc` C strings.
pub unsafe fn take_cells(cells: *mut c_void, count: usize) -> Vec<Option<Vec<u8>>> {
    let cells = cells.cast::<*mut c_char>();
    if cells.is_null() {
        return Vec::new();
    }
    // SAFETY: by contract.
    unsafe {
        let taken = (0..count)
            .map(|index| {
                let cell = *cells.add(index);
                let bytes = text(cell).map(<[u8]>::to_vec);
                libc::free(cell.cast());
                bytes
            })
            .collect();
        libc::free(cells.cast());
        taken
    }
}

/// For `w_pack`: a zeroed block whose element types are set, and how many there are.
///
/// # Safety
/// `format` is NULL or a C string.
pub unsafe fn new_block(format: *const c_char, count: &mut usize) -> *mut w_Targs {
    // SAFETY: by contract.
    let Some(format) = (unsafe { text(format) }) else {
        tracing::error!("w_pack was given no format (NULL): nothing is packed");
        return std::ptr::null_mut();
    };
    if let Some(letter) = format.iter().find(|&&letter| !is_letter(letter)) {
        tracing::error!(
            "w_pack was given the format {}, whose letter '{}' is none of lsdpLDO: nothing is packed",
            log::quoted(format),
            char::from(*letter).escape_default()
        );
        return std::ptr::null_mut();
    }
    let block = allocate(format, format.len(), 0);
    *count = format.len();
    if !block.is_null() {
        for (index, &letter) in format.iter().enumerate() {
            // SAFETY: the block has an element for each letter.
            unsafe { (*element(block, index)).kind = letter as c_char };
        }
    }
    block
}

/// The letters of an unpack format without its `|`, and how many must be present.
fn unpack_letters(format: &[u8]) -> Option<(Vec<u8>, usize)> {
    let required = format.iter().position(|&letter| letter == b'|');
    let letters: Vec<u8> = match required {
        Some(bar) => [&format[..bar], &format[bar + 1..]].concat(),
        None => format.to_vec(),
    };
    let required = required.unwrap_or(letters.len());
    letters.iter().all(|&letter| is_letter(letter)).then_some((letters, required))
}

/// Whether `"s"` is asked of a block `"ss"` with a NULL first: older hosts read the replacement of
/// a chat line that way and get the second text.
fn is_chat_leniency(view: &View, letters: &[u8]) -> bool {
    letters == b"s" && view.format() == b"ss" && matches!(view.item(0), Item::Text(None))
}

/// For `w_unpack`: how many values there are to write, or -1 when the block does not fit.
///
/// # Safety
/// `block` is NULL or a live block; `format` is NULL or a C string.
pub unsafe fn unpack_check(block: *const w_Targs, format: *const c_char) -> c_int {
    // SAFETY: by contract.
    let (view, format) = unsafe { (View::new(block), text(format)) };
    let (Ok(view), Some((letters, required))) = (view, format.and_then(unpack_letters)) else {
        return -1;
    };
    let present = view.format();
    let fits = present.len() >= required && letters.starts_with(present);
    if fits || is_chat_leniency(&view, &letters) { letters.len() as c_int } else { -1 }
}

/// For `w_unpack`: writes value number `index` of the format, 0 or NULL when the block ends before.
///
/// # Safety
/// `unpack_check` accepted block and format; `destination` is NULL or points to the C type of the
/// format's letter `index`.
pub unsafe fn unpack_one(
    block: *const w_Targs,
    format: *const c_char,
    index: usize,
    destination: *mut c_void,
) {
    // SAFETY: `unpack_check` accepted both.
    let (view, letters) = unsafe { (View::new(block), text(format).and_then(unpack_letters)) };
    let (Ok(view), Some((letters, _))) = (view, letters) else { return };
    if destination.is_null() {
        return;
    }
    let source = if is_chat_leniency(&view, &letters) { 1 } else { index };
    let absent = Payload { p: std::ptr::null_mut() };
    // SAFETY: `source` is an element of the block; the destination has the letter's type.
    unsafe {
        let value = if source < view.length() { (*element(block, source)).value } else { absent };
        match letters[index] {
            b'l' => destination.cast::<c_long>().write(value.l),
            b'd' => destination.cast::<f64>().write(value.d),
            _ => destination.cast::<*mut c_void>().write(value.p),
        }
    }
}

/// Printable form of a block for the log: in one line, long texts cut.
pub fn brief(view: &View) -> String {
    print(view, log::quoted)
}

fn print(view: &View, quoted: fn(&[u8]) -> String) -> String {
    let items: Vec<_> = view.items().map(|item| print_item(&item, quoted)).collect();
    items.join(", ")
}

fn print_item(item: &Item, quoted: fn(&[u8]) -> String) -> String {
    match item {
        Item::Int(number) => number.to_string(),
        Item::Float(number) => format!("{number:?}"),
        Item::Pointer(pointer) if pointer.is_null() => "NULL".into(),
        Item::Pointer(_) => "<pointer>".into(),
        Item::Object(_) => "<object>".into(),
        Item::Unsupported => "<unsupported>".into(),
        Item::Text(None) | Item::Json(None) | Item::List(None) => "NULL".into(),
        Item::Text(Some(text)) | Item::Json(Some(text)) => quoted(text),
        Item::List(Some(texts)) => {
            let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
            format!("[{}]", texts.join(", "))
        }
    }
}

/// For `w_packprint`: the printable form, kept until this thread's next call.
///
/// # Safety
/// `block` is NULL or a live block.
pub unsafe fn print_for_c(block: *const w_Targs) -> *const c_char {
    thread_local! {
        static PRINTED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    if block.is_null() {
        return c"(null)".as_ptr();
    }
    // SAFETY: by contract.
    let printed = match unsafe { View::new(block) } {
        Ok(view) => {
            let whole = |text: &[u8]| format!("{:?}", String::from_utf8_lossy(text));
            format!("{} ({})", String::from_utf8_lossy(view.format()), print(&view, whole))
        }
        Err(Malformed(reason)) => format!("(malformed: {reason})"),
    };
    PRINTED.with_borrow_mut(|kept| {
        *kept = printed.into_bytes();
        kept.retain(|&byte| byte != 0);
        kept.push(0);
        kept.as_ptr().cast()
    })
}
