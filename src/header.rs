//! Settings a script gives in comments among its first lines: `# vh: name = value`, with or without
//! another comment behind it.

/// Lines of a script in which settings are looked for.
const LINES: usize = 20;

/// The value of a setting; the first one counts.
pub fn setting(source: &[u8], name: &str) -> Option<String> {
    source.split(|&byte| byte == b'\n').take(LINES).find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let comment = line.trim_start_matches('\u{FEFF}').trim().strip_prefix('#')?;
        let setting = comment.trim_start_matches('#').trim().strip_prefix("vh:")?;
        let (key, value) = setting.split_once('=')?;
        (key.trim() == name).then(|| without_comment(value).trim().to_owned())
    })
}

/// A `#` begins a comment only after a space: paths may have one inside.
fn without_comment(value: &str) -> &str {
    let mut before = ' ';
    let end = value.char_indices().find(|&(_, letter)| {
        let begins = letter == '#' && before.is_whitespace();
        before = letter;
        begins
    });
    end.map_or(value, |(end, _)| &value[..end])
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn comments_of_the_first_lines_count() {
        for source in [
            "# vh: runtime = main\n",
            "#!/usr/bin/python3\n#vh:runtime=main\r\nimport vh\n",
            "\u{FEFF}# vh: runtime = main\n# vh: runtime = sub\n",
        ] {
            assert_eq!(
                setting(source.as_bytes(), "runtime").as_deref(),
                Some("main"),
                "{source:?}"
            );
        }
    }

    #[test]
    fn a_comment_may_follow() {
        for (source, value) in [
            ("# vh: timeout = 0.5 # half a second", "0.5"),
            ("# vh: timeout = # none", ""),
            ("# vh: timeout = /srv/c#/env\t# a path", "/srv/c#/env"),
        ] {
            assert_eq!(setting(source.as_bytes(), "timeout").as_deref(), Some(value), "{source:?}");
        }
    }

    #[test]
    fn nothing_else_counts() {
        let late = "\n".repeat(20) + "# vh: runtime = main";
        for source in ["x = '# vh: runtime = main'\n", "# vh: venv = x\n", late.as_str()] {
            assert_eq!(setting(source.as_bytes(), "runtime"), None, "{source:?}");
        }
    }
}
