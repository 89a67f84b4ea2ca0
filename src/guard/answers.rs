//! What a runtime answers the registry: of a hook, and of a script that does not load.

use super::script::ScriptInfo;
use crate::error::{Code, Error};
use crate::on_error::OnError;
use crate::targs::Block;

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

    /// An answer that nothing is wrong with, or none.
    pub fn of(block: Option<Block>) -> HookReply {
        HookReply { block, error: None }
    }
}

/// Why a script is not loaded. The log has been told.
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
    /// Its file cannot be read, or its top level raised an exception, or the machine is at its limits.
    Failure,
}

impl NotLoaded {
    /// Logs that a script is not loaded.
    pub fn told(script: &ScriptInfo, reason: String, obstacle: Obstacle) -> NotLoaded {
        let message = format!("the script {} is not loaded: {reason}", script.path().display());
        let error = Error::new(Code::Unavailable, message).about(&script.label).tell();
        NotLoaded { error, reason, obstacle }
    }

    /// Whether a stub stands in for a script that asks for this. An author hears of an exception at
    /// once, so without the wish such a script is simply not loaded; settings may be wrong for all
    /// scripts of a hub, from one start to the next.
    pub fn leaves_stub(&self, on_error: OnError) -> bool {
        on_error.asks() || self.obstacle == Obstacle::Settings
    }
}
