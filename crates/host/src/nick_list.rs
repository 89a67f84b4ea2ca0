//! Lists of nicks as hubs write them.

/// The nicks in `$NickList a$$b$$`, with or without its first word and a closing `|`.
pub fn split_nicks<'t>(text: &'t [u8], prefix: &[u8]) -> impl Iterator<Item = &'t [u8]> {
    let text = text.strip_prefix(prefix).unwrap_or(text);
    let text = text.strip_suffix(b"|").unwrap_or(text);
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match text.windows(2).position(|pair| pair == b"$$") {
            Some(end) => {
                rest = Some(&text[end + 2..]);
                Some(&text[..end])
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
    .filter(|nick| !nick.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicks_are_split_with_or_without_the_first_word() {
        let split = |text: &'static [u8]| split_nicks(text, b"$OpList ").collect::<Vec<_>>();
        for text in [b"$OpList a$$b c$$".as_slice(), b"a$$b c$$|", b"a$$$$b c"] {
            assert_eq!(split(text), [b"a".as_slice(), b"b c"]);
        }
        assert!(split(b"").is_empty() && split(b"$OpList ").is_empty());
    }
}
