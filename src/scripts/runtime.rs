//! What the registry wants of whatever runs scripts.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Error;
use crate::guard::answers::{HookReply, NotLoaded};
use crate::guard::script::ScriptInfo;
use crate::hooks::Hook;
use crate::targs::{Block, View};
use crate::text::Encoding;

/// A script that has run its top level, wherever it runs.
///
/// No lock is held when these are called, and nothing is attached that they may want to attach.
pub trait Runtime: Debug + Send + Sync + Sized + 'static {
    /// Runs a script's top level. What is wrong with it is logged; then there is nothing left of it.
    fn load(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Self, NotLoaded>;

    /// Which hooks it defined, a bit each.
    fn hooks(&self) -> u64;

    /// Which hooks a text defines at its top level, a bit each; None when it is no Python.
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

    /// Runs what it gave to `vh.run_in_host`.
    fn run_jobs(&self, script: &ScriptInfo);

    /// The hub renamed its bots.
    fn nicks_have_changed(&self, script: &ScriptInfo);

    /// Takes it apart. Nobody is inside and nobody will enter any more; what has not ended at the deadline is
    /// set aside.
    fn unload(self, script: &Arc<ScriptInfo>, deadline: Instant);

    /// Looks again at what was set aside.
    fn look_again();
}
