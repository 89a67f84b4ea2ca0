//! What operators are told in their chat. It is said on the host's thread after the call that caused it, with
//! the interpreter left.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::alarms;
use super::script::ScriptInfo;
use vh_core::callbacks::{CALLBACKS, SEND_TO_OP_CHAT};
use vh_core::error::Error;
use vh_host::hub;
use vh_host::targs::{Block, Piece, Storage, View};

/// The notices of one script.
#[derive(Debug, Default)]
pub struct Notices {
    waiting: Mutex<Vec<String>>,
    any: AtomicBool,
    /// Whether this script also tells of others that do not run.
    tells_alarms: AtomicBool,
}

impl Notices {
    /// Adds a notice.
    pub fn add(&self, text: String) {
        self.waiting.lock().push(text);
        self.any.store(true, Ordering::Release);
    }

    /// From now on there are alarms to be told after calls of this script.
    pub fn watch_alarms(&self) {
        self.tells_alarms.store(true, Ordering::Release);
        self.any.store(true, Ordering::Release);
    }
}

/// Says what waits to be said. The interpreter is left, no lock is held, and the script is still there.
#[inline]
pub fn say(script: &ScriptInfo) {
    if script.notices.any.load(Ordering::Relaxed) {
        say_all(script, None);
    }
}

/// The same after a call of this hook.
#[inline]
pub fn say_after(script: &ScriptInfo, hook: usize, params: &Result<View, Error>) {
    if script.notices.any.load(Ordering::Relaxed) {
        say_all(script, params.as_ref().ok().map(|params| (hook, params)));
    }
}

#[cold]
fn say_all(script: &ScriptInfo, hook: Option<(usize, &View)>) {
    let notices = &script.notices;
    let tells_alarms = notices.tells_alarms.load(Ordering::Acquire);
    notices.any.store(tells_alarms, Ordering::Relaxed);
    let waiting = std::mem::take(&mut *notices.waiting.lock());
    waiting.iter().for_each(|text| say_in_op_chat(script, text));
    // Alarms are told only after hooks, because while a script is being loaded the hub may not know its id
    // yet.
    let Some((hook, params)) = hook.filter(|_| tells_alarms) else { return };
    let has_alarms = || alarms::any() && alarms::is_told_by(script);
    if has_alarms() {
        return alarms::tell(script, hook, params);
    }
    // Another script tells them, or there are none. But one may have been raised this very moment.
    notices.tells_alarms.store(false, Ordering::SeqCst);
    if has_alarms() {
        notices.watch_alarms();
    }
}

/// Says something in the operators' chat, in the name of a script. The interpreter is left, no lock is held,
/// and the script is still there.
pub fn say_in_op_chat(script: &ScriptInfo, text: &str) {
    // A hub without an operators' chat, or without memory, still has the log.
    drop(hub::call_for_library(&CALLBACKS[SEND_TO_OP_CHAT], script.id, || {
        let pieces = [Piece::Text(Some(Cow::Owned(for_chat(script, text)))), Piece::Text(None)];
        Block::new(&pieces, Storage::Inside)
    }));
}

/// A text as users read it, in the hub's encoding. Characters that the protocol reserves are written as
/// entities, because parts of the text may have been chosen by a script, or by users who talk to it.
pub fn for_chat(script: &ScriptInfo, text: &str) -> Vec<u8> {
    hub::encoding(script.id).encode(&harmless(text))
}

fn harmless(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '$' => harmless.push_str("&#36;"),
            '|' => harmless.push_str("&#124;"),
            letter if letter.is_control() => harmless.push(' '),
            letter => harmless.push(letter),
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::Alarm;
    use crate::fake::script;
    use vh_core::hooks::{ON_TIMER, ON_USER_LOGIN};
    use vh_host::fake_hub::{FakeHub, text};

    #[test]
    fn a_text_ends_no_message() {
        assert_eq!(
            harmless("a|$Quit b|\r\nc\0\u{85}\u{e9}"),
            "a&#124;&#36;Quit b&#124;  c  \u{e9}"
        );
    }

    fn said(hub: &FakeHub) -> Vec<String> {
        let calls = hub.calls().into_iter();
        calls.filter_map(|call| Some(call.strip_prefix("0 by ")?.to_owned())).collect()
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn what_waits_is_said_once_in_the_encoding_of_the_hub() {
        let hub = FakeHub::newest();
        hub.answer(38, |_| text(b"CP1251"));
        let script = script(4, "a.py", "");
        say(&script);
        script.notices.add("one | \u{41f}".to_owned());
        script.notices.add("two".to_owned());
        say(&script);
        let lines = ["4: \"one &#124; \u{fffd}\", NULL", "4: \"two\", NULL"];
        assert_eq!(said(&hub), lines);
        assert_eq!(for_chat(&script, "\u{41f}"), b"\xCF");
        say(&script);
        assert_eq!(said(&hub), Vec::<String>::new());
        script.notices.add("after a hook".to_owned());
        say_after(&script, ON_TIMER, &Err(Error::new(vh_core::error::Code::Invalid, "")));
        assert_eq!(said(&hub), ["4: \"after a hook\", NULL"]);
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn the_first_live_script_tells_alarms_after_hooks() {
        let hub = FakeHub::newest();
        let [first, second] = [1, 2].map(|id| script(id, "a.py", ""));
        [&first, &second].into_iter().for_each(|script| script.set_live(true));
        let block = Block::texts(&[b"nick"]).unwrap();
        let after = |script: &ScriptInfo| {
            say_after(script, ON_USER_LOGIN, &Ok(block.view()));
            said(&hub).len()
        };
        let raise = |reason: &str| {
            let reason = reason.to_owned();
            alarms::raise(Alarm { path: "c.py".into(), reason, refusing: String::new() });
        };
        raise("it is late");
        assert_eq!(after(&first), 0, "nobody has asked it to look");
        [&first, &second].into_iter().for_each(|script| script.notices.watch_alarms());
        say(&first);
        assert_eq!(said(&hub), Vec::<String>::new(), "only hooks tell");
        assert_eq!((after(&second), after(&first), after(&first)), (0, 1, 0));
        raise("it is later");
        assert_eq!((after(&second), after(&first)), (0, 1), "it looks on");
        alarms::clear();
        assert_eq!(after(&first), 0);
        raise("it is too late");
        assert_eq!(after(&first), 0, "it looked no longer when there was none");
        alarms::clear();
    }
}
