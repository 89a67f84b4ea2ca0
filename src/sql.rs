//! Values in SQL: literals that are right for the hub's database, put in the places of `?`.
//!
//! Which database that is, and how its connection reads text, is found out by SQL when it is first
//! needed, and again after whatever may have changed it.

mod dialect;
mod literal;
#[allow(unsafe_code)]
mod table;
mod template;

use std::borrow::Cow;

use parking_lot::Mutex;

pub use dialect::Dialect;
pub use literal::{Value, literal};
pub use table::Table;
pub use template::fill;

use crate::callbacks::{CALLBACKS, SQL};
use crate::hub;
use crate::targs::{Block, Piece, Storage};

/// The hub's database, as far as it is known.
struct Known {
    dialect: Option<Dialect>,
    /// Counts what was forgotten: an answer to a question from before is not kept.
    turn: u64,
}

/// A leaf lock.
static KNOWN: Mutex<Known> = Mutex::new(Known { dialect: None, turn: 0 });

/// What the hub's database is, when that was found out already.
pub fn known() -> Option<Dialect> {
    KNOWN.lock().dialect
}

/// The database may be another, or read text in another way: it is asked when that is next needed.
pub fn forget() {
    let mut known = KNOWN.lock();
    known.dialect = None;
    known.turn += 1;
}

/// Words of statements that change how a connection reads text.
const SETTINGS: [&[u8]; 5] = [b"sql_mode", b"names", b"character", b"charset", b"collation"];

/// Whether a query may change how its connection reads text. It may also say yes to others, which
/// costs one more question.
pub fn may_change_reading(query: &[u8]) -> bool {
    let has = |word: &[u8]| query.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    SETTINGS.iter().any(|word| has(word))
}

/// Asks the hub's database what it is, in the name of `script`. An error says why that is not known.
/// The interpreter must be left and no lock of ours held.
pub fn find_out(script: i32) -> Result<Dialect, String> {
    let turn = KNOWN.lock().turn;
    let dialect = ask(script)?;
    tracing::debug!("the hub's database is found to be {dialect:?}");
    let mut known = KNOWN.lock();
    if known.turn == turn {
        known.dialect = Some(dialect);
    }
    Ok(dialect)
}

fn ask(script: i32) -> Result<Dialect, String> {
    // What stands in such a comment is SQL for MySQL and MariaDB alone, so that both questions have
    // an answer in the databases that they are for, and no hub logs an error.
    let row = first_row(script, dialect::QUESTION).ok_or(
        "the hub's database does not answer, so it is unknown how values are written for it. Look \
         for its error in the hub's log",
    )?;
    if let Some(dialect) = dialect::of_answer(&row)? {
        return Ok(dialect);
    }
    let version = first_row(script, "SELECT sqlite_version()");
    match version.as_deref() {
        Some([Some(version)]) if version.first().is_some_and(u8::is_ascii_digit) => {
            Ok(Dialect::Sqlite)
        }
        _ => Err("the hub's database is none of MySQL, MariaDB and SQLite, so it is unknown how \
                  values are written for it. Nothing was sent to it but the question"
            .to_owned()),
    }
}

/// The first row of what a query gives; None when it fails.
fn first_row(script: i32, query: &str) -> Option<Vec<Option<Vec<u8>>>> {
    let pieces = [Piece::Text(Some(Cow::Borrowed(query.as_bytes()))), Piece::Int(1)];
    let args = Block::new(&pieces, Storage::Inside)?;
    let answer = hub::call(&CALLBACKS[SQL], script, args)?;
    let table = Table::take(&answer.view()?.ok()?).filter(|table| table.succeeded)?;
    (table.columns > 0).then(|| table.rows().next().map(<[_]>::to_vec)).flatten()
}

#[cfg(test)]
mod tests {
    use super::may_change_reading;

    #[test]
    fn settings_of_the_connection_are_noticed() {
        for query in ["SET NAMES gbk", "set @@sql_mode = ''", "SET CHARSET big5"] {
            assert!(may_change_reading(query.as_bytes()), "{query}");
        }
        assert!(!may_change_reading(b"UPDATE seen SET at = 1 WHERE nick = 'a'"));
    }
}
