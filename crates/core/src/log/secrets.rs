//! Masks the passwords in what the log tells of calls.

use std::borrow::Cow;

/// What stands in their place.
pub const MASK: &[u8] = b"***";

/// A text of the protocol, a command or a line of chat, with the passwords in it masked.
pub fn masked(text: &[u8]) -> Cow<'_, [u8]> {
    match password_in(text) {
        Some(start) => {
            let end = text[start..].iter().position(|&byte| byte == b'|');
            let end = end.map_or(text.len(), |end| start + end);
            Cow::Owned([&text[..start], MASK, &text[end..]].concat())
        }
        None => Cow::Borrowed(text),
    }
}

/// An SQL query; if it is about passwords, with its literals masked.
pub fn masked_query(query: &[u8]) -> Cow<'_, [u8]> {
    if !is_secret_name(query) {
        return Cow::Borrowed(query);
    }
    let mut out = Vec::with_capacity(query.len());
    let mut quote = None;
    for (index, &byte) in query.iter().enumerate() {
        match quote {
            // After a backslash the literal goes on; a doubled quote begins another one, which is masked too.
            Some(open) if byte == open && query[index - 1] != b'\\' => {
                out.push(byte);
                quote = None;
            }
            Some(_) => {}
            None => {
                out.push(byte);
                if matches!(byte, b'\'' | b'"') {
                    out.extend_from_slice(MASK);
                    quote = Some(byte);
                }
            }
        }
    }
    Cow::Owned(out)
}

/// Whether something of this name is a password.
pub fn is_secret_name(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    [b"passw".as_slice(), b"pwd", b"secret"].iter().any(|word| find(&name, word).is_some())
}

/// Where the password in a text begins, if there is one.
fn password_in(text: &[u8]) -> Option<usize> {
    const MESSAGE: &[u8] = b"$MyPass ";
    if let Some(place) = find(text, MESSAGE) {
        return Some(place + MESSAGE.len());
    }
    // A command may stand alone, or be said by somebody: `<nick> +passwd …`.
    let said = find(text, b"> ").map(|place| place + 2);
    [Some(0), said].into_iter().flatten().find_map(|start| password_of_command(text, start))
}

/// Where the password begins in a command that begins at `start`: `+passwd NEW`, `!regpasswd NICK NEW`, `!reg
/// NICK CLASS NEW`. Hubs pass some commands without the first character, which each hub chooses.
fn password_of_command(text: &[u8], start: usize) -> Option<usize> {
    let has_sign = text.get(start).is_some_and(u8::is_ascii_punctuation);
    let word = start + usize::from(has_sign);
    let end = word + text[word..].iter().position(u8::is_ascii_whitespace)?;
    let name = text[word..end].to_ascii_lowercase();
    let arguments = after_spaces(text, end)?;
    if name.starts_with(b"reg") {
        let nick = arguments + text[arguments..].iter().position(u8::is_ascii_whitespace)?;
        return after_spaces(text, nick);
    }
    (is_secret_name(&name) || name == b"pass").then_some(arguments)
}

fn after_spaces(text: &[u8], start: usize) -> Option<usize> {
    text[start..].iter().position(|byte| !byte.is_ascii_whitespace()).map(|place| start + place)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        let rows = [
            ("$MyPass secret|", "$MyPass ***|"),
            ("$MyPass two words", "$MyPass ***"),
            ("!reg nick 3 secret", "!reg nick ***"),
            ("!regnewuser nick secret", "!regnewuser nick ***"),
            ("reg nick 3 secret", "reg nick ***"),
            ("+passwd secret", "+passwd ***"),
            (".PASSWD  secret", ".PASSWD  ***"),
            ("!regpasswd nick secret", "!regpasswd nick ***"),
            ("<nick> +passwd secret|", "<nick> +passwd ***|"),
            (
                "$To: bot From: nick $<nick> !reg a 1 secret",
                "$To: bot From: nick $<nick> !reg a ***",
            ),
            ("pass secret", "pass ***"),
        ];
        for (text, told) in rows {
            assert_eq!(String::from_utf8_lossy(&masked(text.as_bytes())), told);
        }
        for text in
            ["", "+", "!reg", "!reg nick", "+passwd", "<nick> hello", "nick", "a > b", "$MyINFO x"]
        {
            assert_eq!(masked(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn literals_of_queries_about_passwords_are_masked() {
        let query = b"UPDATE reglist SET login_pwd = 'it''s', x = \"y\\\"z\" WHERE nick = 'n'";
        let told = b"UPDATE reglist SET login_pwd = '***''***', x = \"***\" WHERE nick = '***'";
        assert_eq!(*masked_query(query), *told);
        assert_eq!(*masked_query(b"SELECT 'a'"), *b"SELECT 'a'");
    }

    #[test]
    fn a_password_ends_with_the_message() {
        let masked = |text: &[u8]| masked(text).into_owned();
        assert_eq!(masked(b"$MyPass a|$Version 1|"), b"$MyPass ***|$Version 1|");
        assert_eq!(masked(b"<n> !reg a 1 b|c"), b"<n> !reg a ***|c");
        assert_eq!(masked(b"+passwd"), b"+passwd");
        assert_eq!(masked(b"+passwd "), b"+passwd ");
        assert_eq!(masked(b"!reg a "), b"!reg a ");
        assert_eq!(masked(b"!!passwd a"), b"!!passwd ***");
        assert_eq!(masked(b"my_pwd_x a"), b"my_pwd_x ***");
        assert_eq!(masked(b"passing by"), b"passing by");
    }

    #[test]
    fn names_of_secrets_are_told_from_others() {
        for name in ["password", "PASSWD", "login_pwd", "the_secrets"] {
            assert!(is_secret_name(name.as_bytes()), "{name}");
        }
        for name in ["", "pass", "pas", "pw", "secre"] {
            assert!(!is_secret_name(name.as_bytes()), "{name}");
        }
    }
}
