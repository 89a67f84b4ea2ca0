//! What a runtime answers the registry: about a call of a hook, and about a script that does not load.

use std::fmt::Display;

use super::call::Call;
use super::interrupt::Attachment;
use super::script::ScriptInfo;
use vh_core::error::{Code, Error};
use vh_core::hooks::Hook;
use vh_host::on_error::{self, OnError};
use vh_host::targs::{Block, View};

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

/// The answer of a hook that cannot answer: it lets the event pass, or refuses it if the script asks for
/// that.
#[cold]
pub fn give_up(script: &ScriptInfo, hook: &Hook, params: Option<&View>) -> Option<Block> {
    on_error::answer(script.settings.on_error.refuses(hook.number), hook.number, params)
}

/// The error for a block that cannot be read.
#[cold]
pub fn unreadable(script: &ScriptInfo, place: impl Display, wrong: &Error) -> Error {
    let reason = wrong.message();
    let message = format!("{place} was called with parameters that cannot be read: {reason}");
    Error::new(Code::Invalid, message).about(&script.label)
}

/// Warns the author of an `async def` hook that is to refuse, because the event passes before the hook has an
/// answer.
#[cold]
pub fn decides_nothing(script: &ScriptInfo, hook: &Hook) {
    if script.settings.on_error.refuses(hook.number) {
        script.complain_once(hook.number, || {
            format!(
                "{} is an async def, which decides nothing: the event passes at once, whatever \
                 \"# vh: on_error\" says. Make it a plain def",
                hook.text
            )
        });
    }
}

/// Warns of a return value that a hook cannot answer with; `described` says what it is.
#[cold]
pub fn cannot_answer(script: &ScriptInfo, hook: &Hook, described: impl FnOnce() -> String) {
    script.complain_once(hook.number, || {
        let refuses = script.settings.on_error.refuses(hook.number);
        format!(
            "{} returned {}, which it cannot answer with; the event is {}",
            hook.text,
            described(),
            if refuses { "refused" } else { "passed on" }
        )
    });
}

/// The error for a suspended function. The log has told when it was suspended.
#[cold]
pub fn is_suspended(place: impl Display) -> Error {
    let message = format!(
        "{place} is suspended, because it went past its deadline 3 times in a row; it is tried again \
         from time to time"
    );
    Error::new(Code::Unavailable, message).told()
}

/// The error for a function that the script does not have.
pub fn no_function(place: impl Display) -> Error {
    Error::new(Code::NotFound, format!("{place} does not exist in the script"))
}

/// The error for something under a function's name that cannot be called; `described` says what it is.
pub fn not_callable(name: impl Display, described: impl Display) -> Error {
    Error::new(Code::NotFound, format!("{name} is {described}, not a function"))
}

/// Counts the failure of a call because a value cannot cross between C and Python, and logs it unless it repeats
/// one that was logged.
#[cold]
pub fn refused<A: Attachment>(call: &Call<A>, reason: &str, message: String) -> Error {
    let error = Error::new(Code::Invalid, message).about(&call.script().label);
    if call.was_refused(reason) { error.tell() } else { error.told() }
}

/// The same for a value that a function returned.
#[cold]
pub fn refused_result<A: Attachment>(
    call: &Call<A>,
    place: impl Display,
    described: impl Display,
    why: impl Display,
) -> Error {
    let reason = format!("returned {described}, which cannot be passed on: {why}");
    refused(call, &reason, format!("{place} {reason}"))
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
