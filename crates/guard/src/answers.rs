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
