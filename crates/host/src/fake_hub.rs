//! A hub for unit tests: its callback table is filled as a test likes, and its answers are what the test says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use parking_lot::{Mutex, MutexGuard};

use crate::hub;
use crate::native::CallbackTable;
use crate::targs::{self, Block, Piece, Storage, View};
use crate::types::{w_Targs, w_Tcallback};
use vh_core::callbacks::MAX_CALLBACKS;

/// There is one hub in a process: tests that have one come one after the other.
static ONE: Mutex<()> = Mutex::new(());

type Answering = Box<dyn Fn(&View) -> Option<Block>>;

thread_local! {
    /// What the functions in the slots answer on this thread.
    static ANSWERS: RefCell<BTreeMap<usize, Answering>> = const { RefCell::new(BTreeMap::new()) };
    /// The calls that came on this thread.
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A hub, which is there from `begin` until this is dropped.
#[derive(Debug)]
pub struct FakeHub {
    table: *mut w_Tcallback,
    _one: MutexGuard<'static, ()>,
}

impl FakeHub {
    /// A hub with functions in these slots.
    pub fn begin(is_filled: impl Fn(usize) -> bool) -> FakeHub {
        let one = ONE.lock();
        let slots: Vec<_> = (0..MAX_CALLBACKS)
            .map(|slot| is_filled(slot).then_some(FUNCTIONS[slot / 10][slot % 10]))
            .collect();
        let table = Box::into_raw(slots.into_boxed_slice()).cast::<w_Tcallback>();
        let hub = FakeHub { table, _one: one };
        hub.begin_again();
        hub
    }

    /// A hub of the newest generation, which has all functions but the three that none has.
    pub fn newest() -> FakeHub {
        FakeHub::begin(|slot| !matches!(slot, 43..=45))
    }

    /// Begins anew with the same table, as a hub that starts again.
    pub fn begin_again(&self) {
        // SAFETY: as many slots as a table has, which stay until `drop` has ended the hub.
        hub::begin(unsafe { CallbackTable::new(self.table) }.expect("a box is not NULL"));
    }

    /// From now on a slot answers so on this thread. Without this it answers NULL.
    pub fn answer(&self, slot: usize, answer: impl Fn(&View) -> Option<Block> + 'static) {
        ANSWERS.with_borrow_mut(|answers| answers.insert(slot, Box::new(answer)));
    }

    /// Fills a slot, or empties it.
    pub fn fill(&mut self, slot: usize, is_filled: bool) {
        let function = is_filled.then_some(FUNCTIONS[slot / 10][slot % 10]);
        assert!(slot < MAX_CALLBACKS);
        // SAFETY: a slot of the table that `begin` made, which is read volatile, a pointer at a time.
        unsafe { self.table.add(slot).write_volatile(function) };
    }

    /// Takes the calls that came on this thread: `slot by script: arguments`.
    pub fn calls(&self) -> Vec<String> {
        CALLS.take()
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        hub::end();
        ANSWERS.take();
        CALLS.take();
        let slots = ptr::slice_from_raw_parts_mut(self.table, MAX_CALLBACKS);
        // SAFETY: the box of `begin`, which nobody reads after the hub has ended.
        drop(unsafe { Box::from_raw(slots) });
    }
}

/// A block of one text.
pub fn text(text: &[u8]) -> Option<Block> {
    Block::texts(&[text])
}

/// The result of an SQL query: whether the database took it, and its rows.
pub fn rows(succeeded: bool, rows: &[&[Option<&str>]]) -> Option<Block> {
    let columns = rows.first().map_or(0, |row| row.len());
    let texts = rows.iter().flat_map(|row| row.iter());
    let cells: Vec<*mut c_char> = texts
        .map(|cell| cell.map_or(ptr::null_mut(), |cell| targs::malloc_text(cell.as_bytes())))
        .collect();
    let size = size_of_val(cells.as_slice());
    // SAFETY: as many bytes as are copied there, and one more, because no bytes may be NULL.
    let copy: *mut c_void = unsafe {
        let copy = libc::malloc(size + 1);
        ptr::copy_nonoverlapping(cells.as_ptr().cast(), copy, size);
        copy
    };
    let numbers = [i64::from(succeeded), rows.len() as i64, columns as i64];
    let [succeeded, rows, columns] = numbers.map(Piece::Int);
    Block::new(&[succeeded, rows, columns, Piece::Pointer(copy)], Storage::Separate)
}

fn answer(slot: usize, script: c_int, args: &View) -> Option<Block> {
    let shown = targs::brief(args, targs::as_text);
    CALLS.with_borrow_mut(|calls| calls.push(format!("{slot} by {script}: {shown}")));
    ANSWERS.with_borrow(|answers| answers.get(&slot)?(args))
}

unsafe extern "C" fn called<const TEN: usize, const ONE: usize>(
    script: c_int,
    args: *mut w_Targs,
) -> *mut w_Targs {
    // SAFETY: the library passes a block that outlives the call.
    let view = unsafe { View::new(args) }.expect("the library passes blocks that are well formed");
    answer(TEN * 10 + ONE, script, &view).map_or(ptr::null_mut(), Block::into_raw)
}

type Function = unsafe extern "C" fn(c_int, *mut w_Targs) -> *mut w_Targs;

const fn ten<const TEN: usize>() -> [Function; 10] {
    [
        called::<TEN, 0>,
        called::<TEN, 1>,
        called::<TEN, 2>,
        called::<TEN, 3>,
        called::<TEN, 4>,
        called::<TEN, 5>,
        called::<TEN, 6>,
        called::<TEN, 7>,
        called::<TEN, 8>,
        called::<TEN, 9>,
    ]
}

/// A function for each slot.
#[rustfmt::skip]
const FUNCTIONS: [[Function; 10]; 10] = [
    ten::<0>(), ten::<1>(), ten::<2>(), ten::<3>(), ten::<4>(),
    ten::<5>(), ten::<6>(), ten::<7>(), ten::<8>(), ten::<9>(),
];
