//! Values in SQL: literals that suit the hub's database, put in the places of `?`.
//!
//! Which database the hub has, and how its connection reads text, is found out by a query when it is first
//! needed, and again after `w_Begin`, after a query that failed, and after one that names a setting for
//! texts.

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

use crate::hub;
use crate::targs::{Block, Piece, Storage};
use vh_core::callbacks::{CALLBACKS, SQL};

/// The hub's database, as far as it is known.
struct Known {
    dialect: Option<Dialect>,
    /// Counts how often it was forgotten, so that an answer to an older question is not kept.
    turn: u64,
}

/// A leaf lock.
static KNOWN: Mutex<Known> = Mutex::new(Known { dialect: None, turn: 0 });

/// What the hub's database is, if that is known.
pub fn known() -> Option<Dialect> {
    KNOWN.lock().dialect
}

/// Forgets what is known, because the database may have changed, or how it reads text. It is asked again when
/// that is next needed.
pub fn forget() {
    let mut known = KNOWN.lock();
    known.dialect = None;
    known.turn += 1;
}

/// Words in statements that change how a connection reads text.
const SETTINGS: [&[u8]; 5] = [b"sql_mode", b"names", b"character", b"charset", b"collation"];

/// Whether a query may change how its connection reads text. A wrong yes costs no more than another question.
pub fn may_change_reading(query: &[u8]) -> bool {
    let has = |word: &[u8]| query.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    SETTINGS.iter().any(|word| has(word))
}

/// Asks the hub's database what it is, in the name of `script`. The error says why that cannot be known. The
/// interpreter must be left and no lock of ours held.
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
    // What stands in such a comment is SQL for MySQL and MariaDB only. So each question can be answered by
    // the databases that it is for, and no hub logs an error.
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

/// The first row of a query's result; None when the query fails.
fn first_row(script: i32, query: &str) -> Option<Vec<Option<Vec<u8>>>> {
    let pieces = [Piece::Text(Some(Cow::Borrowed(query.as_bytes()))), Piece::Int(1)];
    let args = Block::new(&pieces, Storage::Inside)?;
    let answer = hub::call(&CALLBACKS[SQL], script, args)?;
    let table = Table::take(&answer.view()?.ok()?).filter(|table| table.succeeded)?;
    (table.columns > 0).then(|| table.rows().next().map(<[_]>::to_vec)).flatten()
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests;
