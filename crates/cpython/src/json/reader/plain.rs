//! Finds out how far the text of a JSON string stands for itself.

use vh_core::json::{HIGHEST, is_plain, marks_of_special};

/// The bytes at the start of a text that stand for themselves inside a JSON string.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Plain {
    pub(super) length: usize,
    pub(super) is_ascii: bool,
}

impl Plain {
    #[inline]
    pub(super) fn of(text: &[u8]) -> Plain {
        let (words, rest) = text.as_chunks::<8>();
        let mut high = 0;
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let marks = marks_of_special(word);
            if marks != 0 {
                // Only the bytes before the first mark count.
                high |= word & (marks & marks.wrapping_neg()).wrapping_sub(1);
                let length = index * 8 + marks.trailing_zeros() as usize / 8;
                return Plain { length, is_ascii: high & HIGHEST == 0 };
            }
            high |= word;
        }
        let last = rest.iter().take_while(|&&byte| is_plain(byte)).count();
        let is_ascii = high & HIGHEST == 0 && rest[..last].is_ascii();
        Plain { length: words.len() * 8 + last, is_ascii }
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;
    use vh_core::json::is_plain;

    #[test]
    #[cfg_attr(miri, ignore = "safe code, and a hundred thousand rounds")]
    fn the_first_special_byte_is_found_at_every_place() {
        for length in 0..40 {
            assert_eq!(Plain::of(&vec![b'a'; length]), Plain { length, is_ascii: true });
            for place in 0..length {
                for byte in 0..=255_u8 {
                    let mut text = vec![0x7F_u8; length];
                    text[length - 1] = b'"';
                    text[place] = byte;
                    let first = text.iter().position(|&byte| !is_plain(byte)).unwrap_or(length);
                    let expected = Plain { length: first, is_ascii: text[..first].is_ascii() };
                    assert_eq!(Plain::of(&text), expected, "{text:?}");
                }
            }
        }
    }
}
