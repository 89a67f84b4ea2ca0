//! The settings of a script, from its comments and the environment, read once for each load.

use std::time::Duration;

use vh_core::comments::{Comments, Setting};
use vh_core::config;
use vh_core::hooks::HOOKS;
use vh_core::nearest::nearest;
use vh_core::runtime::{self, Runtime};
use vh_host::on_error::OnError;

/// How long a call may take, unless `VH_PYTHON_HOOK_TIMEOUT` or the script says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unload may take, unless `VH_PYTHON_UNLOAD_TIMEOUT` says otherwise.
const UNLOAD_TIME: Duration = Duration::from_secs(2);

/// How long an unload may take.
pub fn unload_time() -> Duration {
    config::seconds("VH_PYTHON_UNLOAD_TIMEOUT", UNLOAD_TIME)
}

/// The settings of a script.
#[derive(Debug)]
pub struct Settings {
    /// The runtime the script asks for; the error says why it cannot have that.
    pub runtime: Result<Option<Runtime>, String>,
    /// Whether each load gets a new interpreter; the error says what is wrong with the comment.
    pub reload_fresh: Result<bool, String>,
    /// The virtual environment it asks for.
    pub venv: Option<String>,
    /// How long a call may take; zero is for ever.
    pub timeout: Duration,
    /// Whether operators are told when a hook is suspended.
    pub tell_operators: bool,
    /// Whether it is held back once after a crash.
    pub hold_back: bool,
    /// The Python that runs it in a process of its own.
    pub python: Option<String>,
    /// A bit for each hook that such a script hears of without being waited for; the error says what is wrong.
    pub async_hooks: Result<u64, String>,
    /// When such a process is replaced by a new one.
    pub recycling: Recycling,
    /// What its hooks answer when they cannot run.
    pub on_error: OnError,
    /// What is wrong with its comments about `on_error`; then it is not loaded.
    pub wrong_on_error: Option<String>,
    /// Comments that look as if they were meant as settings but are none: what is wrong with each, in a line.
    pub mistakes: Vec<String>,
}

/// When the process of a script is replaced by a new one. None is never.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Recycling {
    /// After so many calls of hooks and functions.
    pub calls: Option<u64>,
    /// When it takes more bytes of RAM.
    pub memory: Option<u64>,
    /// When it is older.
    pub age: Option<Duration>,
}

impl Settings {
    /// Reads the settings from the text of a script and from the environment. Values that make no sense are
    /// logged, and the defaults used.
    pub fn read(label: &str, source: &[u8]) -> Settings {
        let comments = Comments::read(source);
        let own = Own { label, comments: &comments };
        let (on_error, wrong_on_error) = OnError::read(&comments);
        let async_hooks = own.async_hooks(on_error);
        let mistakes = comments.mistakes().iter().map(|mistake| mistake.text.clone()).collect();
        Settings {
            runtime: runtime::wish(&comments),
            reload_fresh: own.reload_fresh(),
            venv: comments.setting(Setting::Venv).map(str::to_owned),
            timeout: own.timeout(),
            tell_operators: own.tell_operators(),
            hold_back: own.switch(true, Setting::HoldBack),
            python: comments.setting(Setting::Python).map(str::to_owned),
            async_hooks,
            recycling: own.recycling(),
            on_error,
            wrong_on_error,
            mistakes,
        }
    }
}

/// The comments of a script.
struct Own<'o> {
    label: &'o str,
    comments: &'o Comments,
}

impl Own<'_> {
    fn timeout(&self) -> Duration {
        let timeout = config::seconds("VH_PYTHON_HOOK_TIMEOUT", TIMEOUT);
        self.or(timeout, Setting::Timeout, config::parse_seconds, |timeout| {
            format!("no number of seconds; {} is used", timeout.as_secs_f64())
        })
    }

    fn tell_operators(&self) -> bool {
        let tell = config::switch("VH_PYTHON_TELL_OPERATORS", true);
        self.switch(tell, Setting::TellOperators)
    }

    fn reload_fresh(&self) -> Result<bool, String> {
        match self.comments.setting(Setting::Reload) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("fresh") => Ok(true),
            Some(value) => Err(format!(
                "its comment \"# vh: reload\" says {value:?}, which is no way to reload; use fresh, \
                 or leave it out"
            )),
        }
    }

    /// A bit for each hook that `async_hooks` names. A hook that is to refuse must be waited for.
    fn async_hooks(&self, on_error: OnError) -> Result<u64, String> {
        let Some(names) = self.comments.setting(Setting::AsyncHooks) else { return Ok(0) };
        let mut bits = 0;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let Some(hook) = HOOKS.iter().find(|hook| hook.text == name) else {
                let meant = nearest(name, HOOKS.iter().map(|hook| hook.text));
                let meant = meant.map(|meant| format!(": did you mean {meant}?"));
                return Err(format!(
                    "its comment \"# vh: async_hooks\" names {name:?}, which is no hook{}",
                    meant.unwrap_or_default()
                ));
            };
            if on_error.refuses(hook.number) {
                return Err(format!(
                    "its comment \"# vh: async_hooks\" names {name}, which \"# vh: on_error\" has refuse: \
                     what is to refuse must be waited for. Take it out of one of the two"
                ));
            }
            bits |= 1 << hook.number;
        }
        Ok(bits)
    }

    fn recycling(&self) -> Recycling {
        let number = |text: &str| text.parse().ok().filter(|&number: &u64| number > 0).map(Some);
        let seconds =
            |text: &str| config::parse_seconds(text).filter(|seconds| !seconds.is_zero()).map(Some);
        let never = |what: &str| format!("no {what}; its process is not replaced for that");
        let mebibytes = self.or(None, Setting::RecycleMemory, number, |_| never("number of MiB"));
        Recycling {
            calls: self.or(None, Setting::RecycleCalls, number, |_| never("number of calls")),
            memory: mebibytes.map(|mebibytes| mebibytes.saturating_mul(1024 * 1024)),
            age: self.or(None, Setting::RecycleAge, seconds, |_| never("number of seconds")),
        }
    }

    fn switch(&self, default: bool, setting: Setting) -> bool {
        self.or(default, setting, config::parse_switch, |used| {
            format!("neither yes nor no; {} is used", if *used { "yes" } else { "no" })
        })
    }

    /// The value of a setting, or the default. For a value that is not understood the log has the text of
    /// `wrong`.
    fn or<T>(
        &self,
        default: T,
        setting: Setting,
        parse: impl Fn(&str) -> Option<T>,
        wrong: impl Fn(&T) -> String,
    ) -> T {
        let Some(text) = self.comments.setting(setting) else { return default };
        parse(text).unwrap_or_else(|| {
            tracing::warn!(
                script = %self.label,
                "its comment \"# vh: {}\" is {text:?}, which is {}",
                setting.name(),
                wrong(&default)
            );
            default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vh_core::hooks::{ON_TIMER, ON_USER_LOGIN};
    use vh_host::fake_hub::FakeHub;
    use vh_testing::{told, with_variable};

    #[test]
    fn the_defaults_are_what_the_documents_tell() {
        assert_eq!(TIMEOUT.as_secs_f64(), vh_testing::documented("VH_PYTHON_HOOK_TIMEOUT"));
        assert_eq!(UNLOAD_TIME.as_secs_f64(), vh_testing::documented("VH_PYTHON_UNLOAD_TIMEOUT"));
    }

    const LABEL: &str = "1:a.py";

    fn read(source: &str) -> (Settings, String) {
        let _hub = FakeHub::begin(|_| false);
        told(|| Settings::read(LABEL, source.as_bytes()))
    }

    #[test]
    fn comments_decide_and_else_the_defaults() {
        let (settings, told) = read("");
        assert_eq!((settings.timeout, settings.tell_operators), (TIMEOUT, true));
        assert_eq!((settings.reload_fresh, settings.hold_back), (Ok(false), true));
        assert_eq!((settings.venv, settings.wrong_on_error, told.as_str()), (None, None, ""));
        assert_eq!((settings.python, settings.async_hooks), (None, Ok(0)));
        let (settings, _) = read("# vh: async_hooks = OnTimer, OnUserLogin\n# vh: python = py\n");
        assert_eq!(settings.async_hooks, Ok(1 << ON_TIMER | 1 << ON_USER_LOGIN));
        assert_eq!(settings.python.as_deref(), Some("py"));
        assert_eq!(settings.recycling, Recycling::default());
        let (settings, _) =
            read("# vh: recycle_calls = 1000\n# vh: recycle_memory = 3\n# vh: recycle_age = 0.5\n");
        let (memory, age) = (Some(3 << 20), Some(Duration::from_millis(500)));
        assert_eq!(settings.recycling, Recycling { calls: Some(1000), memory, age });
        let (settings, told) = read(
            "# vh: timeout = 0.5\n# vh: tell_operators = no\n# vh: reload = Fresh\n\
             # vh: hold_back = off\n# vh: venv = env\n# vh: on_error = refuse\n",
        );
        assert_eq!(settings.timeout, Duration::from_millis(500));
        assert!(!settings.tell_operators && !settings.hold_back && settings.on_error.asks());
        assert_eq!((settings.reload_fresh, settings.venv.as_deref()), (Ok(true), Some("env")));
        assert_eq!((settings.mistakes.len(), told.as_str()), (0, ""));
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let (settings, told) = read("# vh: timeout = long\n# vh: hold_back = maybe\n");
        assert_eq!((settings.timeout, settings.hold_back), (TIMEOUT, true));
        assert!(
            told.contains("\"# vh: timeout\" is \"long\", which is no number of seconds; 5 is")
        );
        assert!(
            told.contains("\"# vh: hold_back\" is \"maybe\", which is neither yes nor no; yes")
        );
        assert!(read("# vh: reload = often\n").0.reload_fresh.is_err());
        let (settings, told) = read("# vh: recycle_calls = many\n# vh: recycle_age = 0\n");
        assert_eq!(settings.recycling, Recycling::default());
        assert!(
            told.contains("\"many\", which is no number of calls; its process is not replaced")
        );
        assert!(
            told.contains("\"0\", which is no number of seconds; its process is not"),
            "{told}"
        );
        assert!(read("# vh: on_error = refus\n").0.wrong_on_error.is_some());
        let wrong = read("# vh: async_hooks = OnTimers\n").0.async_hooks.unwrap_err();
        assert!(
            wrong.ends_with("\"OnTimers\", which is no hook: did you mean OnTimer?"),
            "{wrong}"
        );
        let text = "# vh: on_error = refuse\n# vh: async_hooks = OnUserLogin\n";
        assert!(read(text).0.async_hooks.unwrap_err().contains("must be waited for"));
        assert_eq!(read("# vh: timeouts = 5\n").0.mistakes.len(), 1);
    }

    #[test]
    fn the_environment_sets_the_defaults() {
        let _hub = FakeHub::begin(|_| false);
        let read = || Settings::read(LABEL, b"");
        let timeout = with_variable("VH_PYTHON_HOOK_TIMEOUT", "0", || read().timeout);
        assert_eq!(timeout, Duration::ZERO);
        assert!(!with_variable("VH_PYTHON_TELL_OPERATORS", "no", || read().tell_operators));
        let text = b"# vh: tell_operators = maybe\n";
        let (tells, told) = with_variable("VH_PYTHON_TELL_OPERATORS", "0", || {
            told(|| Settings::read(LABEL, text).tell_operators)
        });
        assert!(!tells && told.contains("neither yes nor no; no is used"), "{told}");
        assert_eq!(unload_time(), UNLOAD_TIME);
        let time = with_variable("VH_PYTHON_UNLOAD_TIMEOUT", "7", unload_time);
        assert_eq!(time, Duration::from_secs(7));
    }
}
