//! Settings that a script gives in comments among its first lines: `# vh: name = value`, which another
//! comment may follow.

use crate::hooks::HOOKS;
use crate::nearest::nearest;

/// How many lines of a script are searched for settings.
const LINES: usize = 20;

/// A setting that scripts can give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setting {
    /// Where the script runs.
    Runtime,
    /// A virtual environment with its packages.
    Venv,
    /// Whether a reload gets a new interpreter.
    Reload,
    /// How long a call may take.
    Timeout,
    /// Whether operators are told of suspended hooks, and of a script that does not run.
    TellOperators,
    /// What its hooks answer when they cannot run; `on_error.OnTimer` says it for a single hook.
    OnError,
    /// Whether it is held back after a crash.
    HoldBack,
    /// The Python that runs it, in a process of its own.
    Python,
    /// The hooks that such a script hears of without being waited for.
    AsyncHooks,
    /// After how many calls its process is replaced.
    RecycleCalls,
    /// From how much memory on its process is replaced.
    RecycleMemory,
    /// At which age its process is replaced.
    RecycleAge,
}

/// Every setting and its name.
const SETTINGS: [(&str, Setting); 12] = [
    ("runtime", Setting::Runtime),
    ("venv", Setting::Venv),
    ("reload", Setting::Reload),
    ("timeout", Setting::Timeout),
    ("tell_operators", Setting::TellOperators),
    ("on_error", Setting::OnError),
    ("hold_back", Setting::HoldBack),
    ("python", Setting::Python),
    ("async_hooks", Setting::AsyncHooks),
    ("recycle_calls", Setting::RecycleCalls),
    ("recycle_memory", Setting::RecycleMemory),
    ("recycle_age", Setting::RecycleAge),
];

impl Setting {
    /// Its name.
    pub fn name(self) -> &'static str {
        SETTINGS.iter().find(|entry| entry.1 == self).map_or("", |entry| entry.0)
    }

    fn named(name: &str) -> Option<Setting> {
        let is_it = |entry: &&(&str, Setting)| entry.0.eq_ignore_ascii_case(name);
        SETTINGS.iter().find(is_it).map(|entry| entry.1)
    }
}

/// The comments of a script that are settings, and those that look as if they were meant as settings.
#[derive(Debug, Default)]
pub struct Comments {
    pairs: Vec<(String, String)>,
    mistakes: Vec<Mistake>,
}

impl Comments {
    /// Reads the text of a script.
    pub fn read(source: &[u8]) -> Comments {
        Comments { pairs: pairs(source).collect(), mistakes: mistakes(source) }
    }

    /// The value of a setting. When it is given more than once, the first one counts.
    pub fn setting(&self, wanted: Setting) -> Option<&str> {
        let is_it = |name: &str| Setting::named(name) == Some(wanted);
        self.pairs.iter().find_map(|(name, value)| is_it(name).then_some(value.as_str()))
    }

    /// The values of a setting for single hooks, as in `# vh: on_error.OnTimer = pass`, with the names of the
    /// hooks.
    pub fn of_hooks(&self, wanted: Setting) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().filter_map(move |(name, value)| {
            let (setting, hook) = name.split_once('.')?;
            (Setting::named(setting.trim()) == Some(wanted)).then(|| (hook.trim(), value.as_str()))
        })
    }

    /// The comments that look as if they were meant as settings but are none.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }
}

/// The names and values in the lines that are searched.
fn pairs(source: &[u8]) -> impl Iterator<Item = (String, String)> {
    lines(source).take(LINES).filter_map(|line| {
        let (name, value) = line.after_mark()?.split_once('=')?;
        Some((name.trim().to_owned(), without_comment(value).trim().to_owned()))
    })
}

/// A comment that looks as if it was meant as a setting but is none.
#[derive(Debug)]
pub struct Mistake {
    /// What is wrong, in a line.
    pub text: String,
    /// Which setting is probably meant, if any.
    pub meant: Option<Setting>,
}

/// What is wrong with a comment, and which setting is meant.
type Wrong = (String, Option<Setting>);

fn mistakes(source: &[u8]) -> Vec<Mistake> {
    lines(source)
        .enumerate()
        .filter_map(|(index, line)| {
            let (number, line) = (index + 1, line.comment()?);
            let (wrong, meant) = match index < LINES {
                true => what_is_wrong(line)?,
                false => too_late(line)?,
            };
            let text = format!("its comment \"# {line}\" in line {number} {wrong}");
            Some(Mistake { text, meant })
        })
        .collect()
}

fn what_is_wrong(comment: &str) -> Option<Wrong> {
    let Some(text) = after_mark(comment) else {
        // Without the colon.
        let (name, _) = strip_vh(comment)?.split_once('=')?;
        let meant = setting_in(name)?;
        return Some(("is no setting: write \"# vh: NAME = VALUE\"".to_owned(), Some(meant)));
    };
    match text.split_once('=') {
        Some((name, _)) if Setting::named(name.trim()).is_some() => None,
        Some((name, _)) if setting_in(name) == Some(Setting::OnError) => no_hook(name),
        Some((name, _)) => unknown(name.trim()),
        None => {
            let name = text.split([':', ' ', '\t']).next().unwrap_or_default();
            let meant = nearest(without_hook(name), names())?;
            let wrong = format!("is no setting: write \"# vh: {meant} = VALUE\"");
            Some((wrong, Setting::named(meant)))
        }
    }
}

/// The setting of this name; for a single hook, the one before the point.
fn setting_in(name: &str) -> Option<Setting> {
    Setting::named(without_hook(name))
}

fn without_hook(name: &str) -> &str {
    name.split('.').next().unwrap_or_default().trim()
}

/// What is wrong with `on_error.HOOK`.
fn no_hook(name: &str) -> Option<Wrong> {
    let hook = name.split_once('.')?.1.trim();
    if HOOKS.iter().any(|known| known.text == hook) {
        return None;
    }
    let meant = nearest(hook, HOOKS.iter().map(|known| known.text));
    let meant = meant.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
    Some((format!("names no hook{meant}"), Some(Setting::OnError)))
}

fn unknown(name: &str) -> Option<Wrong> {
    match nearest(without_hook(name), names()) {
        Some(meant) => {
            Some((format!("names no setting: did you mean {meant}?"), Setting::named(meant)))
        }
        // A sentence with an equals sign in it.
        None if name.contains(char::is_whitespace) => None,
        None => {
            let all: Vec<_> = names().collect();
            Some((format!("names no setting: there are {}", all.join(", ")), None))
        }
    }
}

fn too_late(comment: &str) -> Option<Wrong> {
    let (name, _) = after_mark(comment)?.split_once('=')?;
    let meant = setting_in(name)?;
    let wrong = format!("is not read: settings are among the first {LINES} lines");
    Some((wrong, Some(meant)))
}

fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|entry| entry.0)
}

/// A line of a script.
struct Line(String);

fn lines(source: &[u8]) -> impl Iterator<Item = Line> {
    let text = |line| Line(String::from_utf8_lossy(line).into_owned());
    source.split(|&byte| byte == b'\n').map(text)
}

impl Line {
    /// The text of a line that is nothing but a comment.
    fn comment(&self) -> Option<&str> {
        let comment = self.0.trim_start_matches('\u{FEFF}').trim().strip_prefix('#')?;
        Some(comment.trim_start_matches('#').trim())
    }

    /// What follows `vh:` in such a line.
    fn after_mark(&self) -> Option<&str> {
        after_mark(self.comment()?)
    }
}

fn after_mark(comment: &str) -> Option<&str> {
    strip_vh(comment)?.trim_start().strip_prefix(':').map(str::trim)
}

fn strip_vh(comment: &str) -> Option<&str> {
    let (mark, rest) = comment.split_at_checked("vh".len())?;
    mark.eq_ignore_ascii_case("vh").then_some(rest)
}

/// Cuts off another comment. A `#` begins one only after a space, for paths may contain a `#`.
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
    use super::{Comments, SETTINGS, Setting, mistakes};

    fn setting(source: &str, wanted: Setting) -> Option<String> {
        Comments::read(source.as_bytes()).setting(wanted).map(str::to_owned)
    }

    fn runtime(source: &str) -> Option<String> {
        setting(source, Setting::Runtime)
    }

    #[test]
    fn comments_of_the_first_lines_count() {
        for source in [
            "# vh: runtime = main\n",
            "#!/usr/bin/python3\n#vh:runtime=main\r\nimport vh\n",
            "\u{FEFF}# vh: runtime = main\n# vh: runtime = sub\n",
            "# VH: Runtime = main\n",
        ] {
            assert_eq!(runtime(source).as_deref(), Some("main"), "{source:?}");
            assert!(mistakes(source.as_bytes()).is_empty(), "{source:?}");
        }
    }

    #[test]
    fn a_comment_may_follow() {
        for (source, value) in [
            ("# vh: timeout = 0.5 # half a second", "0.5"),
            ("# vh: timeout = # none", ""),
            ("# vh: timeout = /srv/c#/env\t# a path", "/srv/c#/env"),
        ] {
            let found = setting(source, Setting::Timeout);
            assert_eq!(found.as_deref(), Some(value), "{source:?}");
        }
    }

    #[test]
    fn nothing_else_counts() {
        let late = "\n".repeat(20) + "# vh: runtime = main";
        for source in ["x = '# vh: runtime = main'\n", "# vh: venv = x\n", late.as_str()] {
            assert_eq!(runtime(source), None, "{source:?}");
        }
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        let late = "\n".repeat(20) + "# vh: runtime = main";
        for (source, told) in [
            ("# vh: runtim = main\n", "in line 1 names no setting: did you mean runtime?"),
            (
                "import vh\n# vh: tell operators = no",
                "in line 2 names no setting: did you mean tell_operators?",
            ),
            ("# vh: runtime: main\n", "is no setting: write \"# vh: runtime = VALUE\""),
            ("# vh: timout 5\n", "is no setting: write \"# vh: timeout = VALUE\""),
            ("# vh runtime = main\n", "is no setting: write \"# vh: NAME = VALUE\""),
            (
                "# vh: colour = red\n",
                "names no setting: there are runtime, venv, reload, timeout, tell_operators, on_error, \
                 hold_back, python, async_hooks, recycle_calls, recycle_memory, recycle_age",
            ),
            (&late, "in line 21 is not read: settings are among the first 20 lines"),
        ] {
            let found = mistakes(source.as_bytes());
            assert!(found.len() == 1 && found[0].text.ends_with(told), "{source:?}: {found:?}");
        }
    }

    #[test]
    fn a_setting_may_be_for_one_hook() {
        let source = b"# vh: on_error = refuse\n# vh: on_error.OnTimer=pass # at once\n";
        let comments = Comments::read(source);
        assert_eq!(comments.setting(Setting::OnError), Some("refuse"));
        let hooks: Vec<_> = comments.of_hooks(Setting::OnError).collect();
        assert_eq!(hooks, [("OnTimer", "pass")]);
        assert!(comments.mistakes().is_empty());
    }

    #[test]
    fn whoever_wants_refusal_is_understood() {
        let late = "\n".repeat(20) + "# vh: on_error.OnTimer = refuse";
        for source in [
            "# vh: on_eror = refuse",
            "# vh: onerror.OnTimer = refuse",
            "# vh: on_error: refuse",
            "# vh: on_error.OnTimer refuse",
            "# vh on_error = refuse",
            "# vh: on_error.OnTime = refuse",
            "# vh: on_error.Rhyme = refuse",
            &late,
        ] {
            let found = mistakes(source.as_bytes());
            let meant: Vec<_> = found.iter().map(|mistake| mistake.meant).collect();
            assert_eq!(meant, [Some(Setting::OnError)], "{source:?}: {found:?}");
        }
    }

    #[test]
    fn other_comments_are_none() {
        for source in [
            "# vh: the module of the hub\n# vh is there\n",
            "# vh: what a == b means to it = nothing\n",
            "# vhost = 3\n#\n# é\n",
            "print('# vh: runtim = main')\n",
        ] {
            assert!(mistakes(source.as_bytes()).is_empty(), "{source:?}");
        }
    }

    #[test]
    fn settings_are_named_in_any_case() {
        for (name, wanted) in SETTINGS {
            assert_eq!(wanted.name(), name);
            assert_eq!(
                setting(&format!("# vh: {} = 1", name.to_uppercase()), wanted).as_deref(),
                Some("1")
            );
            let others = SETTINGS.iter().filter(|(other, _)| *other != name);
            for (_, other) in others {
                assert_eq!(setting(&format!("# vh: {name} = 1"), *other), None);
            }
        }
        assert_eq!(
            setting("# vh: venv = a\n# vh: venv = b\n", Setting::Venv).as_deref(),
            Some("a")
        );
    }

    #[test]
    fn the_last_line_that_is_read_is_the_twentieth() {
        let after = |lines: usize| "\n".repeat(lines) + "# vh: runtime = main";
        assert_eq!(runtime(&after(19)).as_deref(), Some("main"));
        assert!(mistakes(after(19).as_bytes()).is_empty());
        assert_eq!(runtime(&after(20)), None);
        let late = after(20) + "\n# vh: rhyme = 1\n# vh: what is meant\n";
        assert_eq!(mistakes(late.as_bytes()).len(), 1, "only what would be read earlier is told");
        let hook = "\n".repeat(30) + "# vh: on_error.OnTimer = pass";
        let found = mistakes(hook.as_bytes());
        assert!(
            found[0].text.starts_with("its comment \"# vh: on_error.OnTimer = pass\" in line 31")
        );
    }

    #[test]
    fn a_hook_that_is_named_must_be_there() {
        let told = |source: &str| mistakes(source.as_bytes())[0].text.clone();
        assert!(
            told("# vh: on_error.OnTimr = pass").ends_with("names no hook: did you mean OnTimer?")
        );
        assert!(told("# vh: on_error.Rhyme = pass").ends_with("names no hook"));
        let comments =
            Comments::read(b"# vh: ON_ERROR . OnTimer = pass\n# vh: timeout.OnTimer = 3\n");
        let hooks: Vec<_> = comments.of_hooks(Setting::OnError).collect();
        assert_eq!(hooks, [("OnTimer", "pass")]);
    }
}
