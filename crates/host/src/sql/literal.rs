//! A value as an SQL literal.
//!
//! On every connection of MySQL and MariaDB a text ends where its literal ends, whatever is known of the
//! database: a literal has `'` only doubled, and a backslash only doubled and never right behind a byte of
//! 0x80 or above. In no character set that a connection can have is `'` part of another character, and a
//! doubled backslash means one or two of them, whatever the mode. So a connection that has changed meanwhile,
//! as after it was lost, cannot be made to run parts of a value. What is known of the connection only decides
//! how a backslash is written.

use std::borrow::Cow;

use super::dialect::{Dialect, Session};
use vh_core::error::{Code, Error};

/// What a script puts into a query.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'v> {
    /// `NULL`.
    Null,
    /// A whole number.
    Int(i128),
    /// A number.
    Float(f64),
    /// Text in the hub's encoding, without NUL.
    Text(Cow<'v, [u8]>),
    /// Binary data.
    Bytes(&'v [u8]),
}

/// The value in SQL. The error says what is wrong with it, to be read after the place where it was given.
pub fn literal(value: &Value, dialect: Dialect) -> Result<Vec<u8>, Error> {
    Ok(match value {
        Value::Null => b"NULL".to_vec(),
        Value::Int(number) => int(*number, dialect)?,
        // With an exponent MySQL takes it for a DOUBLE, and not for a DECIMAL.
        Value::Float(number) if number.is_finite() => format!("{number:e}").into_bytes(),
        Value::Float(_) => return Err(not_finite()),
        Value::Text(bytes) => text(bytes, dialect),
        Value::Bytes(bytes) => hex(bytes),
    })
}

fn not_finite() -> Error {
    Error::new(Code::Invalid, "is no finite number: no database takes it")
}

fn int(number: i128, dialect: Dialect) -> Result<Vec<u8>, Error> {
    let most = match dialect {
        Dialect::Sqlite => i128::from(i64::MAX),
        Dialect::MySql(_) => i128::from(u64::MAX),
    };
    let fits = (i128::from(i64::MIN)..=most).contains(&number);
    if fits {
        return Ok(number.to_string().into_bytes());
    }
    Err(Error::new(Code::TooLarge, "is beyond the integers of the hub's database"))
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("X'{digits}'").into_bytes()
}

fn text(bytes: &[u8], dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::MySql(session) if bytes.contains(&b'\\') => with_backslashes(bytes, session),
        _ => quoted(bytes),
    }
}

fn with_backslashes(bytes: &[u8], session: Session) -> Vec<u8> {
    // A character may be split over two literals only where literals are not converted one by one.
    if session.backslash_escapes && !(session.converts && session.charset.hides_ascii()) {
        return escaped(bytes);
    }
    // It equals a plain literal, except for the collation when it is compared with another literal.
    let mut literal = format!("_{} ", session.charset.name).into_bytes();
    literal.extend(hex(bytes));
    literal
}

fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut literal = vec![b'\''];
    for &byte in bytes {
        literal.extend_from_slice(if byte == b'\'' { b"''" } else { std::slice::from_ref(&byte) });
    }
    literal.push(b'\'');
    literal
}

/// Adjacent literals are one text. So a new one begins at each backslash that, with the byte before it, could
/// be read as one character.
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut literal = vec![b'\''];
    let mut last = 0;
    for &byte in bytes {
        match byte {
            b'\\' if last >= 0x80 => literal.extend_from_slice(b"' '\\\\"),
            b'\\' => literal.extend_from_slice(b"\\\\"),
            b'\'' => literal.extend_from_slice(b"''"),
            _ => literal.push(byte),
        }
        last = byte;
    }
    literal.push(b'\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::super::dialect::of_answer;
    use super::*;

    fn session(client: &str, connection: &str, modes: &str) -> Dialect {
        let row = ["10", client, connection, modes, "1"].map(|cell| Some(cell.into()));
        of_answer(&row).unwrap().unwrap()
    }

    fn text(bytes: &[u8], dialect: Dialect) -> Vec<u8> {
        literal(&Value::Text(bytes.into()), dialect).unwrap()
    }

    #[test]
    fn texts_of_sqlite_have_no_escapes() {
        assert_eq!(text(b"it's \\ \xBF\\", Dialect::Sqlite), b"'it''s \\ \xBF\\'");
    }

    #[test]
    fn backslashes_are_written_as_the_connection_reads_them() {
        let utf8 = session("utf8mb4", "utf8mb4", "STRICT_TRANS_TABLES");
        assert_eq!(text(b"O'Neill", utf8), b"'O''Neill'");
        assert_eq!(text(b"\\' OR 1 #", utf8), b"'\\\\'' OR 1 #'");
        let gbk = session("gbk", "gbk", "");
        assert_eq!(text(b"\xBF\\'\\", gbk), b"'\xBF' '\\\\''\\\\'");
        for hex in [session("gbk", "utf8mb4", ""), session("gbk", "gbk", "NO_BACKSLASH_ESCAPES")] {
            assert_eq!(text(b"\xBF\\'", hex), b"_gbk X'BF5C27'");
            assert_eq!(text(b"\xBF'", hex), b"'\xBF'''");
        }
    }

    /// Whatever the connection is like, it reads each literal to its end and no further.
    #[test]
    fn no_text_ends_early_on_any_connection() {
        let read = ["utf8mb4", "gbk", "gb18030", "big5", "sjis", "cp932"];
        let modes = ["", "NO_BACKSLASH_ESCAPES"];
        let alphabet = [0x27, 0x5C, 0x61, 0x81, 0xBF, 0xE0, 0x95];
        let mut texts = vec![Vec::new()];
        for _ in 0..4 {
            let longer = texts.iter().flat_map(|text: &Vec<u8>| {
                alphabet.iter().map(move |&byte| [text.as_slice(), &[byte]].concat())
            });
            texts = std::iter::once(Vec::new()).chain(longer).collect();
            texts.dedup();
        }
        for (written, charset) in read.iter().flat_map(|a| read.iter().map(move |b| (a, b))) {
            for (before, after) in modes.iter().flat_map(|a| modes.iter().map(move |b| (a, b))) {
                let then = session(written, written, before);
                let Dialect::MySql(now) = session(charset, charset, after) else { unreachable!() };
                for value in &texts {
                    let literal = text(value, then);
                    assert!(is_one(&literal, now), "{written} {charset} {literal:x?}");
                }
            }
        }
    }

    /// Whether all of it is one literal, read as the database does.
    fn is_one(literal: &[u8], session: Session) -> bool {
        let start = if literal.starts_with(b"_") {
            literal.windows(2).position(|pair| pair == b"X'").unwrap() + 1
        } else {
            0
        };
        let mut rest = &literal[start..];
        while let [b'\'', inside @ ..] = rest {
            rest = inside;
            loop {
                rest = match rest {
                    [lead, last, rest @ ..] if session.charset.is_pair(*lead, *last) => rest,
                    [b'\\', _, rest @ ..] if session.backslash_escapes => rest,
                    [b'\'', b'\'', rest @ ..] => rest,
                    [b'\'', rest_behind @ ..] => {
                        rest = rest_behind.strip_prefix(b" ").unwrap_or(rest_behind);
                        break;
                    }
                    [_, rest @ ..] => rest,
                    [] => return false,
                };
            }
        }
        rest.is_empty()
    }

    #[test]
    fn numbers_and_bytes() {
        let mysql = session("latin1", "latin1", "");
        let write =
            |value, dialect| literal(&value, dialect).map(|text| String::from_utf8(text).unwrap());
        assert_eq!(write(Value::Null, mysql).unwrap(), "NULL");
        assert_eq!(write(Value::Int(-5), mysql).unwrap(), "-5");
        assert_eq!(write(Value::Float(0.1), mysql).unwrap(), "1e-1");
        let code = |value, dialect| write(value, dialect).unwrap_err().code();
        assert_eq!(code(Value::Float(f64::NAN), mysql), Code::Invalid);
        assert_eq!(write(Value::Bytes(b"\0\\'"), mysql).unwrap(), "X'005C27'");
        let large = Value::Int(i128::from(u64::MAX));
        assert_eq!(write(large.clone(), mysql).unwrap(), "18446744073709551615");
        assert_eq!(code(large, Dialect::Sqlite), Code::TooLarge);
    }
}
