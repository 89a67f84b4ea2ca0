//! How the hub's database is found out, and what its answers become.

use std::cell::Cell;
use std::rc::Rc;

use super::dialect::Session;
use super::*;
use crate::fake_hub::{FakeHub, rows};
use crate::targs::Item;

const MYSQL: [Option<&str>; 5] =
    [Some("10.11"), Some("utf8mb4"), Some("utf8mb4"), Some(""), Some("1")];

/// A hub whose database answers the two questions so.
fn with_database(
    first: impl Fn() -> Option<Block> + 'static,
    second: impl Fn() -> Option<Block> + 'static,
) -> FakeHub {
    let hub = FakeHub::newest();
    forget();
    hub.answer(42, move |args| match args.item(0) {
        Item::Text(Some(b"SELECT sqlite_version()")) => second(),
        Item::Text(Some(query)) if query == dialect::QUESTION.as_bytes() => first(),
        other => panic!("{other:?}"),
    });
    hub
}

#[test]
fn settings_of_the_connection_are_noticed() {
    for query in ["SET NAMES gbk", "set @@sql_mode = ''", "SET CHARSET big5", "charset"] {
        assert!(may_change_reading(query.as_bytes()), "{query}");
    }
    assert!(!may_change_reading(b"UPDATE seen SET at = 1 WHERE nick = 'a'"));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn what_the_database_is_is_found_out_and_kept() {
    let hub = with_database(|| rows(true, &[&MYSQL]), || None);
    assert_eq!(known(), None);
    let found = find_out(3).unwrap();
    assert!(matches!(found, Dialect::MySql(Session { charset, .. }) if charset.name == "utf8mb4"));
    assert_eq!(known(), Some(found));
    let calls = hub.calls();
    assert!(matches!(&calls[..], [call] if call.starts_with("42 by 3: \"SELECT /*!")), "{calls:?}");
    assert!(calls[0].ends_with(", 1"), "one row is enough: {calls:?}");
    forget();
    assert_eq!(known(), None);
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn sqlite_is_asked_for_its_version() {
    let hub = with_database(|| rows(true, &[&[Some("1")]]), || rows(true, &[&[Some("3.40")]]));
    assert_eq!(find_out(3), Ok(Dialect::Sqlite));
    assert_eq!((known(), hub.calls().len()), (Some(Dialect::Sqlite), 2));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn a_database_that_is_not_understood_is_not_known() {
    let one = || rows(true, &[&[Some("1")]]);
    type Answer = fn() -> Option<Block>;
    let none: [Answer; 6] = [
        || None,
        || rows(false, &[&[Some("3.40")]]),
        || rows(true, &[]),
        || rows(true, &[&[Some("version 3")]]),
        || rows(true, &[&[Some("3"), Some("40")]]),
        || Block::int(1),
    ];
    for second in none {
        let hub = with_database(one, second);
        assert!(find_out(3).unwrap_err().contains("none of MySQL, MariaDB and SQLite"));
        assert_eq!((known(), hub.calls().len()), (None, 2));
    }
    let silent: [Answer; 4] =
        [|| None, || rows(true, &[]), || rows(true, &[&[]]), || Block::int(1)];
    for first in silent {
        let hub = with_database(first, || rows(true, &[&[Some("3.40")]]));
        assert!(find_out(3).unwrap_err().contains("does not answer"));
        assert_eq!((known(), hub.calls().len()), (None, 1));
    }
    let klingon = [Some("9"), Some("klingon"), Some("klingon"), Some(""), Some("1")];
    let _hub = with_database(move || rows(true, &[&klingon]), || None);
    assert!(find_out(3).unwrap_err().contains("klingon"));
}

#[test]
#[cfg_attr(miri, ignore = "it runs no C++")]
fn an_answer_to_an_older_question_is_not_kept() {
    let forgets = Rc::new(Cell::new(true));
    let first = {
        let forgets = Rc::clone(&forgets);
        move || {
            if forgets.get() {
                forget();
            }
            rows(true, &[&MYSQL])
        }
    };
    let _hub = with_database(first, || None);
    assert!(find_out(3).is_ok());
    assert_eq!(known(), None);
    forgets.set(false);
    assert!(find_out(3).is_ok() && known().is_some());
    forget();
}

/// Whether the database took the query, how many cells a row has, and the rows.
type Taken = (bool, usize, Vec<Vec<Option<String>>>);

fn taken(block: Option<Block>) -> Option<Taken> {
    let block = block.unwrap();
    let table = Table::take(&block.view())?;
    let cell = |cell: &Option<Vec<u8>>| {
        cell.as_ref().map(|cell| String::from_utf8(cell.clone()).expect("it is UTF-8"))
    };
    let rows = table.rows().map(|row| row.iter().map(cell).collect()).collect();
    Some((table.succeeded, table.columns, rows))
}

#[test]
fn a_table_has_the_rows_of_the_result() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        taken(rows(true, &[&[Some("a"), None], &[Some(""), Some("d")]])),
        Some((true, 2, vec![vec![some("a"), None], vec![some(""), some("d")]]))
    );
    assert_eq!(taken(rows(false, &[])), Some((false, 0, Vec::new())));
    let without_cells = |rows, columns| {
        let null = Piece::Pointer(std::ptr::null_mut());
        Block::new(&[Piece::Int(-1), Piece::Int(rows), Piece::Int(columns), null], Storage::Inside)
    };
    assert_eq!(taken(without_cells(2, 2)), Some((true, 2, Vec::new())));
    assert_eq!(taken(without_cells(0xFFFF_FFFF, -2)), Some((true, 0, Vec::new())));
}

#[test]
fn what_is_no_table_is_none() {
    let null = || Piece::Pointer(std::ptr::null_mut());
    let int = || Piece::Int(0);
    let texts = || Piece::Text(None);
    for pieces in [
        vec![],
        vec![int(), int(), int()],
        vec![int(), int(), int(), int()],
        vec![texts(), int(), int(), null()],
        vec![int(), texts(), int(), null()],
        vec![int(), int(), texts(), null()],
    ] {
        assert!(taken(Block::new(&pieces, Storage::Inside)).is_none(), "{pieces:?}");
    }
}
