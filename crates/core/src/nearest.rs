//! Guesses which known name somebody meant who wrote an unknown one.

/// The known name that is nearest to `name`, if it is near enough to be meant.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let mistakes = if name.chars().count() < 10 { 1 } else { 2 };
    let name = plain(name);
    let distances = known.into_iter().map(|known| (distance(&name, &plain(known)), known));
    let (distance, known) = distances.min_by_key(|&(distance, _)| distance)?;
    (distance <= mistakes).then_some(known)
}

/// The letters of a name that count: case does not, nor how the words are joined.
fn plain(name: &str) -> Vec<char> {
    let counts = |letter: &char| !matches!(letter, '_' | '-' | ' ');
    name.chars().filter(counts).flat_map(char::to_lowercase).collect()
}

/// How many letters were left out, added, changed, or swapped with the next one.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, &letter) in one.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, &wanted) in other.iter().enumerate() {
            let changed = last[column] + usize::from(letter != wanted);
            let mut least = changed.min(last[column + 1] + 1).min(now[column] + 1);
            let swaps =
                row > 0 && column > 0 && letter == other[column - 1] && one[row - 1] == wanted;
            if swaps {
                least = least.min(before[column - 1] + 1);
            }
            now.push(least);
        }
        before = std::mem::replace(&mut last, now);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    const KNOWN: [&str; 4] = ["OnUserLogin", "OnUserLogout", "OnTimer", "tell_operators"];

    #[test]
    fn what_is_nearly_a_name_means_it() {
        for (name, meant) in [
            ("OnUserLogn", "OnUserLogin"),
            ("onuserlogin", "OnUserLogin"),
            ("on_user_logout", "OnUserLogout"),
            ("OnUesrLogin", "OnUserLogin"),
            ("OnTimr", "OnTimer"),
            ("tell operator", "tell_operators"),
        ] {
            assert_eq!(nearest(name, KNOWN), Some(meant), "{name}");
        }
    }

    #[test]
    fn other_names_mean_nothing() {
        for name in ["", "On", "OnRhyme", "OnUserList", "timer", "OnUserKicked"] {
            assert_eq!(nearest(name, KNOWN), None, "{name}");
        }
    }

    #[test]
    fn a_distance_is_the_number_of_mistakes() {
        for (one, other, mistakes) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "abd", 1),
            ("abc", "bc", 1),
            ("abc", "ab", 1),
            ("abc", "xabc", 1),
            ("abcd", "acbd", 1),
            ("ab", "ba", 1),
            ("abcd", "badc", 2),
            ("kitten", "sitting", 3),
            ("abcdef", "badcfe", 3),
            ("xaby", "xbcy", 2),
            ("aab", "aba", 1),
            ("abab", "baba", 2),
        ] {
            let [a, b] = [one, other].map(|text| text.chars().collect::<Vec<_>>());
            assert_eq!((distance(&a, &b), distance(&b, &a)), (mistakes, mistakes), "{one} {other}");
        }
    }

    #[test]
    fn a_name_of_ten_letters_may_have_two_mistakes() {
        assert_eq!(nearest("abcdefghxx", ["abcdefghij"]), Some("abcdefghij"));
        assert_eq!(nearest("abcdefgxx", ["abcdefghi"]), None);
        assert_eq!(nearest("abcdefghx", ["abcdefghi"]), Some("abcdefghi"));
    }
}
