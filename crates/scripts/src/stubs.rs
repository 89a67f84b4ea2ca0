//! Stubs, which stand in for scripts that cannot run, so that their hooks can refuse: what is known of each
//! script for that, and which hooks its stub has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use vh_core::hooks::bits;
use vh_host::on_error::OnError;

/// What is known of a script that ran and asked for refusal.
#[derive(Clone, Copy, Default, Debug)]
pub struct Known {
    /// What its comments said.
    pub on_error: OnError,
    /// A bit for each hook that it had.
    pub hooks: u64,
}

/// What is known of scripts that may need stubs, by their files. A leaf lock.
#[derive(Debug)]
pub struct Stubs(Mutex<BTreeMap<PathBuf, Known>>);

impl Stubs {
    /// Nothing is known.
    pub const fn new() -> Stubs {
        Stubs(Mutex::new(BTreeMap::new()))
    }

    /// Keeps what is known of a script that runs, for a later load that fails.
    pub fn remember(&self, script: &Path, known: Known) {
        let mut all = self.0.lock();
        if known.on_error.asks() {
            all.insert(script.to_path_buf(), known);
        } else {
            all.remove(script);
        }
    }

    /// What was kept when the script ran last.
    pub fn known(&self, script: &Path) -> Known {
        self.0.lock().get(script).copied().unwrap_or_default()
    }

    /// Forgets everything when the hub ends.
    pub fn forget_all(&self) {
        self.0.lock().clear();
    }

    /// A bit for each hook of a script that does not run: those that its text defines, which `parse` finds
    /// out, and those that it had when it ran last, because the text may not show all of them.
    pub fn hooks_of(
        &self,
        script: &Path,
        source: &[u8],
        parse: impl Fn(&[u8]) -> Option<u64>,
    ) -> u64 {
        let defined =
            parse(source).unwrap_or_else(|| hooks_in_lines(&String::from_utf8_lossy(source)));
        defined | self.known(script).hooks
    }
}

/// The hooks whose definitions lines of the text look like. A text that does not parse has no more to offer.
fn hooks_in_lines(text: &str) -> u64 {
    let names: Vec<_> = text.split(['\n', '\r']).filter_map(defined_by).collect();
    bits(|hook| names.contains(&hook))
}

/// The name that a line seems to define.
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

#[cfg(test)]
mod tests {
    use super::*;
    use vh_host::on_error::hooks_in as hooks_of_bits;

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
}
