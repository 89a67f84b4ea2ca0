//! A cheap hash of the names of functions.

/// A number that differs for most names of one script, whatever their length.
pub fn name_hash(name: &[u8]) -> usize {
    let byte = |index: usize| usize::from(name.get(index).copied().unwrap_or_default());
    let (length, middle) = (name.len(), name.len() / 2);
    length ^ byte(0) ^ (byte(middle) << 1) ^ (byte(length.wrapping_sub(1)) << 3) ^ (byte(1) << 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nearly_the_same_have_different_numbers() {
        for (one, other) in [
            ("OnTimer", "InTimer"),
            ("get_a", "git_a"),
            ("get_a", "get_b"),
            ("rows", "raws"),
            ("aaaa", "aaaaa"),
        ] {
            assert_ne!(name_hash(one.as_bytes()), name_hash(other.as_bytes()), "{one} {other}");
        }
    }
}
