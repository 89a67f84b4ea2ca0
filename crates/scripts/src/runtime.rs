//! What the registry needs of whatever runs scripts.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use vh_core::error::Error;
use vh_core::hooks::Hook;
use vh_core::text::Encoding;
use vh_guard::answers::{HookReply, NotLoaded};
use vh_guard::script::ScriptInfo;
use vh_host::targs::{Block, View};

/// A script that has run its top level, wherever that was.
///
/// When these functions are called, no lock of ours is held and no interpreter is attached.
pub trait Runtime: Debug + Send + Sync + Sized + 'static {
    /// Runs a script's top level. An error has been logged, and nothing is left of the script then.
    fn load(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Self, NotLoaded>;

    /// A bit for each hook that the script defined.
    fn hooks(&self) -> u64;

    /// A bit for each hook that a text defines at its top level; None when the text is not Python.
    fn hooks_in(source: &[u8]) -> Option<u64>;

    /// Calls a hook with the items of a block.
    fn call_hook(
        &self,
        script: &ScriptInfo,
        hook: &Hook,
        params: &Result<View, Error>,
        encoding: &Encoding,
    ) -> HookReply;

    /// Calls a function by its name with the items of a block, or without arguments.
    fn call(
        &self,
        script: &ScriptInfo,
        name: &[u8],
        params: &Result<Option<View>, Error>,
        encoding: &Encoding,
    ) -> Result<Block, Error>;

    /// Runs the jobs that the script gave to `vh.run_in_host`.
    fn run_jobs(&self, script: &ScriptInfo);

    /// Tells the script that the hub renamed its bots.
    fn nicks_have_changed(&self, script: &ScriptInfo);

    /// Takes the script apart. Nobody is inside, and nobody will enter any more. Threads that have not ended
    /// at the deadline are set aside. Gives the error of the script's own `UnLoad()`.
    fn unload(self, script: &Arc<ScriptInfo>, deadline: Instant) -> Option<Error>;

    /// Looks again at whatever was set aside.
    fn look_again();
}
