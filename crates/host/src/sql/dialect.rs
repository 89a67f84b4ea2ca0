//! Which database the hub has, and how its connection reads text.

/// What the database is asked first. MySQL and MariaDB run what stands in such a comment; SQLite takes it for
/// a comment.
pub const QUESTION: &str = "SELECT /*!VERSION(), @@character_set_client, \
                            @@character_set_connection, @@sql_mode,*/ 1";

/// A kind of database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// MySQL or MariaDB.
    MySql(Session),
}

/// How a connection of MySQL or MariaDB reads text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Session {
    /// The character set of what the hub sends.
    pub charset: Charset,
    /// Whether literals are converted to another character set before they are used.
    pub converts: bool,
    /// Whether a backslash in a text begins an escape, which it does not with NO_BACKSLASH_ESCAPES.
    pub backslash_escapes: bool,
    /// Whether `"` stands around names, which it does with ANSI_QUOTES.
    pub ansi_quotes: bool,
}

/// A character set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charset {
    /// Its name in SQL.
    pub name: &'static str,
    /// The first bytes of characters whose second byte may be a byte of ASCII, such as the backslash. Empty
    /// where a byte of ASCII always is that character.
    leads: &'static [(u8, u8)],
}

impl Charset {
    /// Whether a byte that looks like a backslash may be the second byte of another character.
    pub fn hides_ascii(&self) -> bool {
        !self.leads.is_empty()
    }

    /// Whether these two bytes are one character, the second of which looks like ASCII.
    pub fn is_pair(&self, lead: u8, last: u8) -> bool {
        self.leads.iter().any(|(first, end)| (*first..=*end).contains(&lead))
            && matches!(last, 0x40..=0x7E | 0x80..=0xFE)
    }
}

/// The character sets in which a second byte may be a byte of ASCII.
const HIDING: [Charset; 5] = [
    Charset { name: "gbk", leads: &[(0x81, 0xFE)] },
    Charset { name: "gb18030", leads: &[(0x81, 0xFE)] },
    Charset { name: "big5", leads: &[(0xA1, 0xF9)] },
    Charset { name: "sjis", leads: &[(0x81, 0x9F), (0xE0, 0xFC)] },
    Charset { name: "cp932", leads: &[(0x81, 0x9F), (0xE0, 0xFC)] },
];

/// The others that a connection may have. The second bytes of `euckr` that are ASCII are letters only.
#[rustfmt::skip]
const PLAIN: [&str; 33] = [
    "utf8mb4", "utf8mb3", "utf8", "latin1", "cp1251", "ascii", "armscii8", "binary", "cp1250",
    "cp1256", "cp1257", "cp850", "cp852", "cp866", "dec8", "eucjpms", "euckr", "gb2312", "geostd8",
    "greek", "hebrew", "hp8", "keybcs2", "koi8r", "koi8u", "latin2", "latin5", "latin7", "macce",
    "macroman", "swe7", "tis620", "ujis",
];

fn charset(name: &[u8]) -> Option<Charset> {
    let is_it = |known: &str| known.as_bytes() == name;
    let plain = PLAIN.iter().find(|known| is_it(known));
    let plain = plain.map(|name| Charset { name, leads: &[] });
    plain.or_else(|| HIDING.iter().copied().find(|known| is_it(known.name)))
}

/// What the answer to `QUESTION` says; None when the database is neither MySQL nor MariaDB.
pub fn of_answer(row: &[Option<Vec<u8>>]) -> Result<Option<Dialect>, String> {
    let cells: Vec<&[u8]> = row.iter().map(|cell| cell.as_deref().unwrap_or_default()).collect();
    let [version, client, connection, modes, b"1"] = cells[..] else { return Ok(None) };
    let Some(charset) = charset(client) else {
        return Err(format!(
            "the hub's connection to its database ({}) has the character set {}, of which this \
             library does not know how values are written in it. Choose another in the hub's \
             configuration (db_charset), such as utf8mb4",
            String::from_utf8_lossy(version),
            vh_core::log::plain::quoted(client),
        ));
    };
    let has = |mode: &str| modes.split(|&byte| byte == b',').any(|set| set == mode.as_bytes());
    Ok(Some(Dialect::MySql(Session {
        charset,
        converts: client != connection,
        backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
        ansi_quotes: has("ANSI_QUOTES"),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cells: &[&str]) -> Vec<Option<Vec<u8>>> {
        cells.iter().map(|cell| Some(cell.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_connection_is_read_from_the_answer() {
        let row = answer(&["10.11", "gbk", "gbk", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "1"]);
        let Ok(Some(Dialect::MySql(session))) = of_answer(&row) else { panic!("no session") };
        assert_eq!(session.charset.name, "gbk");
        assert!(session.ansi_quotes && !session.backslash_escapes && !session.converts);
        let row = answer(&["8.0", "utf8mb4", "latin1", "", "1"]);
        let Ok(Some(Dialect::MySql(session))) = of_answer(&row) else { panic!("no session") };
        assert!(session.converts && session.backslash_escapes && !session.ansi_quotes);
        assert!(!session.charset.hides_ascii());
    }

    #[test]
    fn what_is_unknown_is_told() {
        assert_eq!(of_answer(&answer(&["1"])), Ok(None));
        let told = of_answer(&answer(&["9.9", "klingon", "klingon", "", "1"])).unwrap_err();
        assert!(told.contains("klingon") && told.contains("9.9"), "{told}");
    }
}
