//! A query with `?` in the places of values.

use super::dialect::Dialect;

/// Puts literals in the places of `?`. An error says what is wrong with the query.
pub fn fill(query: &[u8], literals: &[Vec<u8>], dialect: Dialect) -> Result<Vec<u8>, String> {
    let places = places(query, dialect)?;
    if places.len() != literals.len() {
        return Err(format!(
            "the query has {} in places of values, and there are {}: a ? in a text, a name or a \
             comment is not counted",
            counted(places.len(), "?"),
            counted(literals.len(), "parameter"),
        ));
    }
    let mut filled = Vec::with_capacity(query.len() + literals.iter().map(Vec::len).sum::<usize>());
    let mut start = 0;
    for (place, literal) in places.into_iter().zip(literals) {
        filled.extend_from_slice(&query[start..place]);
        start = place + 1;
        // A value must stay a word of its own: `1-?` with -1 must not become a comment, nor `X?` with a text
        // a number.
        if filled.last().is_some_and(|last| !matches!(last, b' ' | b'\n' | b'\t' | b'(' | b',')) {
            filled.push(b' ');
        }
        filled.extend_from_slice(literal);
        if query.get(start).is_some_and(|next| !matches!(next, b' ' | b'\n' | b'\t' | b')' | b','))
        {
            filled.push(b' ');
        }
    }
    filled.extend_from_slice(&query[start..]);
    Ok(filled)
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 || what == "?" { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The places at which a `?` stands for a value.
fn places(query: &[u8], dialect: Dialect) -> Result<Vec<usize>, String> {
    let reader = Reader { query, dialect };
    let mut places = Vec::new();
    let mut place = 0;
    while place < query.len() {
        if query[place] == b'?' {
            places.push(place);
        }
        place = reader.behind(place)?;
    }
    Ok(places)
}

/// Reads a query as far as that is needed to tell code from texts, names and comments.
struct Reader<'q> {
    query: &'q [u8],
    dialect: Dialect,
}

impl Reader<'_> {
    /// The place after the text, name, comment or character that begins at this one.
    fn behind(&self, place: usize) -> Result<usize, String> {
        let is_sqlite = self.dialect == Dialect::Sqlite;
        let rest = &self.query[place..];
        match rest {
            [quote @ (b'\'' | b'"' | b'`'), ..] => self.behind_quoted(place, *quote),
            [b'[', ..] if is_sqlite => self.behind_text(place, b"]"),
            [b'#', ..] if !is_sqlite => Ok(self.behind_line(place)),
            [b'-', b'-', more @ ..] if is_sqlite || begins_with_space(more) => {
                Ok(self.behind_line(place))
            }
            [b'/', b'*', b'!', ..] | [b'/', b'*', b'M', b'!', ..] if !is_sqlite => Err(format!(
                "the query has a comment that is run, {}: leave that out, or give no parameters",
                String::from_utf8_lossy(&rest[..rest.len().min(12)])
            )),
            [b'/', b'*', ..] => self.behind_text(place + 2, b"*/"),
            _ => Ok(place + self.width(place)),
        }
    }

    /// How many bytes the character takes, as far as that matters here.
    fn width(&self, place: usize) -> usize {
        match (self.dialect, &self.query[place..]) {
            (Dialect::MySql(session), [lead, last, ..])
                if session.charset.is_pair(*lead, *last) =>
            {
                2
            }
            _ => 1,
        }
    }

    fn has_escapes(&self, quote: u8) -> bool {
        match self.dialect {
            Dialect::Sqlite => false,
            Dialect::MySql(session) => {
                session.backslash_escapes
                    && (quote == b'\'' || quote == b'"' && !session.ansi_quotes)
            }
        }
    }

    fn behind_quoted(&self, start: usize, quote: u8) -> Result<usize, String> {
        let escapes = self.has_escapes(quote);
        let mut place = start + 1;
        while let Some(&byte) = self.query.get(place) {
            place += match byte {
                b'\\' if escapes => 2,
                // A doubled quote begins another text at once, which is left out too.
                _ if byte == quote => return Ok(place + 1),
                _ => self.width(place),
            };
        }
        Err(self.unended(start))
    }

    fn behind_text(&self, start: usize, end: &[u8]) -> Result<usize, String> {
        let length = self.query[start..].windows(end.len()).position(|part| part == end);
        length.map(|length| start + length + end.len()).ok_or_else(|| self.unended(start))
    }

    /// The end of a line is itself a character that means nothing.
    fn behind_line(&self, start: usize) -> usize {
        let length = self.query[start..].iter().position(|&byte| byte == b'\n');
        length.map_or(self.query.len(), |length| start + length)
    }

    fn unended(&self, start: usize) -> String {
        let part = &self.query[start..];
        format!(
            "the query has no end of what begins with {}",
            String::from_utf8_lossy(&part[..part.len().min(20)])
        )
    }
}

/// In MySQL `--` begins a comment only before a space.
fn begins_with_space(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::super::dialect::of_answer;
    use super::*;

    fn mysql(charset: &str, modes: &str) -> Dialect {
        let row = ["10", charset, charset, modes, "1"].map(|cell| Some(cell.into()));
        of_answer(&row).unwrap().unwrap()
    }

    fn filled(query: &[u8], dialect: Dialect) -> Result<String, String> {
        let filled = fill(query, &[b"1".to_vec(), b"-2".to_vec()], dialect)?;
        Ok(String::from_utf8_lossy(&filled).into_owned())
    }

    #[test]
    fn values_are_words_of_their_own() {
        let dialect = mysql("utf8mb4", "");
        assert_eq!(filled(b"a=? AND b=-?", dialect).unwrap(), "a= 1 AND b=- -2");
        assert_eq!(filled(b"VALUES (?,?)", dialect).unwrap(), "VALUES (1,-2)");
        assert_eq!(filled(b"X?'a'?b", dialect).unwrap(), "X 1 'a' -2 b");
    }

    #[test]
    fn only_code_has_places() {
        for query in
            [r#"SELECT '?', "?", `?`, 'it''s ?', ? /* ? */, ? -- ?"#, "SELECT ? -- ' ?\n, ?", "? ?"]
        {
            for dialect in [mysql("utf8mb4", ""), mysql("gbk", "ANSI_QUOTES"), Dialect::Sqlite] {
                assert!(filled(query.as_bytes(), dialect).is_ok(), "{query} {dialect:?}");
            }
        }
    }

    #[test]
    fn databases_read_the_same_query_in_their_own_ways() {
        let escapes = mysql("utf8mb4", "");
        let plain = mysql("utf8mb4", "NO_BACKSLASH_ESCAPES");
        let ansi = mysql("utf8mb4", "ANSI_QUOTES");
        let query = br"? '\' ? ', ?";
        assert!(filled(query, escapes).is_ok());
        assert!(filled(query, plain).unwrap_err().contains("no end"));
        assert!(filled(br#""\" ? ? "#, ansi).is_ok());
        assert!(filled(br#""\" ? ? "#, escapes).unwrap_err().contains("no end"));
        assert!(filled(b"? # ?\n?", escapes).is_ok());
        assert!(filled(b"? # ?", Dialect::Sqlite).is_ok());
        assert!(filled(b"[?] ? ?", Dialect::Sqlite).is_ok());
        assert!(filled(b"a[?] = ?", escapes).is_ok());
        assert!(filled(b"?--?", escapes).is_ok());
        assert!(filled(b"?--?", Dialect::Sqlite).is_err());
        assert!(filled(b"/*!50000 ? */ ?", escapes).unwrap_err().contains("a comment that is run"));
        assert!(filled(b"/*!50000 ? */ ? ?", Dialect::Sqlite).is_ok());
    }

    #[test]
    fn a_query_with_other_places_than_values_is_refused() {
        for (query, counted) in [("?", "has 1 ? in"), ("", "has 0 ? in"), ("? ? ?", "has 3 ? in")] {
            let told = filled(query.as_bytes(), Dialect::Sqlite).unwrap_err();
            assert!(told.contains(counted) && told.contains("there are 2 parameters: "), "{told}");
        }
        let told = fill(b"", &[b"1".to_vec()], Dialect::Sqlite).unwrap_err();
        assert!(told.contains("there are 1 parameter: "), "{told}");
        assert_eq!(filled(b"'' ? ''  ? ", Dialect::Sqlite).unwrap(), "'' 1 ''  -2 ");
        assert!(filled(b"? '' ? '", Dialect::Sqlite).unwrap_err().ends_with("begins with '"));
    }

    #[test]
    fn characters_that_end_like_a_backslash_are_read_whole() {
        let query = b"'\x95\x5C' ? \x95\x60 ?";
        assert!(filled(query, mysql("sjis", "")).is_ok());
        assert!(filled(query, mysql("latin1", "")).is_err());
    }
}
