//! What stands in for a script that cannot run, so that its hooks can refuse: which scripts get such a
//! stub, and which hooks it has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::hooks::HOOKS;
use crate::on_error::OnError;
use crate::python::imports;

/// Why a script is not loaded.
#[derive(Debug)]
pub struct NotLoaded {
    /// In a sentence without a full stop, to be read after "it is not loaded".
    pub reason: String,
    /// What kept it from loading.
    pub cause: Cause,
}

/// What keeps a script from loading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// Its settings, or those of the hub's environment.
    Settings,
    /// It crashed the process when it ran last.
    Crash,
    /// Its file cannot be read, or its top level raised an exception, or the machine is at its limits.
    Failure,
}

impl NotLoaded {
    /// Settings keep it from loading.
    pub fn by_settings(reason: String) -> NotLoaded {
        NotLoaded { reason, cause: Cause::Settings }
    }

    /// It cannot be loaded.
    pub fn by_failure(reason: String) -> NotLoaded {
        NotLoaded { reason, cause: Cause::Failure }
    }

    /// Whether a stub stands in for a script that asks for this. An author hears of an exception at
    /// once, so without the wish such a script is simply not loaded; settings may be wrong for all
    /// scripts of a hub, from one start to the next.
    pub fn leaves_stub(&self, on_error: OnError) -> bool {
        on_error.asks() || self.cause == Cause::Settings
    }
}

/// A script that ran and asks for refusal: what it asks for, and its hooks.
#[derive(Clone, Copy, Default, Debug)]
pub struct Known {
    /// What its comments said.
    pub on_error: OnError,
    /// The hooks it had, a bit each.
    pub hooks: u64,
}

/// A leaf lock.
static KNOWN: Mutex<BTreeMap<PathBuf, Known>> = Mutex::new(BTreeMap::new());

/// The script runs: this is what is known when its next load fails.
pub fn remember(script: &Path, known: Known) {
    let mut all = KNOWN.lock();
    if known.on_error.asks() {
        all.insert(script.to_path_buf(), known);
    } else {
        all.remove(script);
    }
}

/// What was known when the script ran last.
pub fn known(script: &Path) -> Known {
    KNOWN.lock().get(script).copied().unwrap_or_default()
}

/// The hub ends.
pub fn forget_all() {
    KNOWN.lock().clear();
}

/// The hooks of a script that does not run, a bit each: those its text defines, and those it had when
/// it ran last, for the text may not show all of them.
pub fn hooks_of(script: &Path, source: &[u8]) -> u64 {
    hooks_in(source) | known(script).hooks
}

fn hooks_in(source: &[u8]) -> u64 {
    match imports::defined_names(source) {
        Some(names) => bits(|hook| names.iter().any(|name| name == hook)),
        None => hooks_in_lines(&String::from_utf8_lossy(source)),
    }
}

/// The hooks that lines look like the definitions of: what does not parse has no more to offer.
fn hooks_in_lines(text: &str) -> u64 {
    let names: Vec<_> = text.split(['\n', '\r']).filter_map(defined_by).collect();
    bits(|hook| names.contains(&hook))
}

/// The name that a line defines, as it seems.
fn defined_by(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{FEFF}').trim_start();
    let line = line.strip_prefix("async").map_or(line, str::trim_start);
    let is_end = |letter: char| letter != '_' && !letter.is_alphanumeric();
    match line.strip_prefix("def").filter(|rest| rest.starts_with([' ', '\t'])) {
        Some(rest) => rest.trim_start().split(is_end).next(),
        None => {
            let (name, _) = line.split_once('=')?;
            let name = name.split(':').next().unwrap_or_default();
            Some(name.trim())
        }
    }
}

fn bits(is_there: impl Fn(&str) -> bool) -> u64 {
    let there = HOOKS.iter().enumerate().filter(|(_, hook)| is_there(hook.text));
    there.fold(0, |bits, (number, _)| bits | 1 << number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::on_error::hooks_in as hooks_of_bits;

    fn found(text: &str) -> Vec<&'static str> {
        hooks_of_bits(hooks_in_lines(text)).map(|hook| hook.text).collect()
    }

    #[test]
    fn lines_tell_of_hooks_when_nothing_else_does() {
        let text = "\u{FEFF}def OnNewConn(ip):\r\n    return 0\r\nasync  def OnTimer (now): pass\n\
                    if True:\n\tdef\tOnUserLogin(nick): pass\n\
                    OnUserLogout = None\nOnCloseConn: object = print\nprint \"def OnParsedMsgPM()\"\n\
                    defOnParsedMsgSR(x)\n# def OnNewBan(x)\ndef OnNewReg_(x)\nx = OnParsedMsgChat\n";
        assert_eq!(
            found(text),
            ["OnNewConn", "OnCloseConn", "OnUserLogin", "OnUserLogout", "OnTimer"]
        );
    }

    #[test]
    fn a_stub_stands_in_where_it_is_needed() {
        let asks = OnError::read(b"# vh: on_error = refuse\n").0;
        let causes = [(Cause::Settings, true), (Cause::Crash, false), (Cause::Failure, false)];
        for (cause, without_asking) in causes {
            let why = NotLoaded { reason: String::new(), cause };
            assert!(why.leaves_stub(asks));
            assert_eq!(why.leaves_stub(OnError::default()), without_asking);
        }
    }
}
