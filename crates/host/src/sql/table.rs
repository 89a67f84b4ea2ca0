//! The result of the hub's SQL callback.

use std::ffi::c_void;

use crate::targs::{self, Item, View, signed};

/// Rows of a query, taken from the hub.
#[derive(Debug)]
pub struct Table {
    /// Whether the database took the query.
    pub succeeded: bool,
    /// How many cells each row has.
    pub columns: usize,
    cells: Vec<Option<Vec<u8>>>,
}

impl Table {
    /// Takes the cells of a result, `lllp`; None when it is something else.
    pub fn take(view: &View) -> Option<Table> {
        let number = |index| match item(view, index)? {
            Item::Int(number) => Some(signed(number)),
            _ => None,
        };
        let count = |index| number(index).map(|number| number.max(0) as usize);
        let (succeeded, rows, columns) = (number(0)? != 0, count(1)?, count(2)?);
        let Item::Pointer(cells) = item(view, 3)? else { return None };
        let cells: *mut c_void = cells;
        let count = if cells.is_null() { 0 } else { rows.saturating_mul(columns) };
        // SAFETY: the contract of this callback: a row-major array of texts, ours to free.
        let cells = unsafe { targs::take_cells(cells, count) };
        Some(Table { succeeded, columns, cells })
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = &[Option<Vec<u8>>]> {
        self.cells.chunks(self.columns.max(1))
    }
}

fn item<'v>(view: &View<'v>, index: usize) -> Option<Item<'v>> {
    (index < view.length()).then(|| view.item(index))
}
