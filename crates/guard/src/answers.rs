//! What a runtime answers the registry: about a call of a hook, and about a script that does not load.

use super::script::ScriptInfo;
use vh_core::error::{Code, Error};
use vh_host::on_error::OnError;
use vh_host::targs::Block;

/// What came of calling a hook.
#[derive(Debug)]
pub struct HookReply {
    /// The answer; None only when the script has no such function now.
    pub block: Option<Block>,
    /// Why the hook itself could not answer.
    pub error: Option<Error>,
}

impl HookReply {
    /// The script has no such hook.
    pub const NONE: HookReply = HookReply { block: None, error: None };

    /// An answer without an error, or no answer.
    pub fn of(block: Option<Block>) -> HookReply {
        HookReply { block, error: None }
    }
}

/// Why a script is not loaded. It has been logged.
#[derive(Debug)]
pub struct NotLoaded {
    /// For the host.
    pub error: Error,
    /// For operators: a sentence without a full stop, to be read after "it does not run".
    pub reason: String,
    /// What kept it from loading.
    pub obstacle: Obstacle,
}

/// What keeps a script from loading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// Its settings, or those of the hub's environment.
    Settings,
    /// It crashed the process when it ran last.
    Crash,
    /// Its file cannot be read, its top level raised an exception, or the machine is at its limits.
    Failure,
}

impl NotLoaded {
    /// Logs that a script is not loaded.
    pub fn told(script: &ScriptInfo, reason: String, obstacle: Obstacle) -> NotLoaded {
        let message = format!("the script {} is not loaded: {reason}", script.path().display());
        let error = Error::new(Code::Unavailable, message).about(&script.label).tell();
        NotLoaded { error, reason, obstacle }
    }

    /// Whether a stub stands in for a script with this `on_error`: when the script asks for refusal, and when
    /// settings are wrong, for those may stop all scripts of a hub from one start to the next. Otherwise the
    /// script is simply not loaded: the author of one that raised an exception hears of it at once.
    pub fn leaves_stub(&self, on_error: OnError) -> bool {
        on_error.asks() || self.obstacle == Obstacle::Settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_host::fake_hub::FakeHub;
    use vh_testing::told;

    #[test]
    fn a_stub_stands_in_for_who_asks_and_where_settings_are_wrong() {
        let _hub = FakeHub::begin(|_| false);
        let [passes, refuses] =
            ["", "# vh: on_error = refuse\n"].map(|text| script(1, "a.py", text));
        let leaves = |script: &ScriptInfo, obstacle| {
            let (why, told) = told(|| NotLoaded::told(script, "it is late".to_owned(), obstacle));
            assert_eq!((why.error.code(), why.reason.as_str()), (Code::Unavailable, "it is late"));
            assert!(told.contains("a.py is not loaded: it is late") && told.contains("1:a.py"));
            why.leaves_stub(script.settings.on_error)
        };
        assert!(!leaves(&passes, Obstacle::Failure) && !leaves(&passes, Obstacle::Crash));
        assert!(leaves(&passes, Obstacle::Settings));
        assert!(leaves(&refuses, Obstacle::Failure) && leaves(&refuses, Obstacle::Crash));
    }

    #[test]
    fn an_answer_is_its_block() {
        assert!(HookReply::of(Block::int(1)).block.is_some());
        assert!(HookReply::of(None).block.is_none() && HookReply::NONE.block.is_none());
    }
}
