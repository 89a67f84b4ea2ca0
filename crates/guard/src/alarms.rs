//! Scripts that do not run although somebody counts on them. Operators are told in their chat, and each of
//! them again when logging in, because at the hub's start nobody is there to read. A live script lends its id
//! for that, because the hub accepts no other.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;

use super::script::ScriptInfo;
use super::{directory, notices};
use vh_core::callbacks::{CALLBACKS, GET_USER_CLASS, PM};
use vh_core::clock;
use vh_core::hooks::ON_USER_LOGIN;
use vh_host::hub;
use vh_host::targs::{Block, Item, Piece, Storage, View};

/// The lowest class of operators.
const OPERATOR: i64 = 3;
/// After this time the operators' chat is told again.
const AGAIN: u64 = Duration::from_secs(3600).as_nanos() as u64;

/// A script that does not run.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its file.
    pub path: PathBuf,
    /// Why, in a sentence without a full stop.
    pub reason: String,
    /// The hooks that refuse meanwhile, comma separated; empty when everything passes.
    pub refusing: String,
}

impl Alarm {
    fn file(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// An alarm, and when the operators' chat heard of it last.
struct Raised {
    alarm: Alarm,
    told: Option<u64>,
}

impl Raised {
    fn is_due(&self, now: u64) -> bool {
        self.told.is_none_or(|told| now.saturating_sub(told) >= AGAIN)
    }
}

/// A leaf lock.
static ALARMS: Mutex<Vec<Raised>> = Mutex::new(Vec::new());

/// From now on operators are told that a script does not run.
pub fn raise(alarm: Alarm) {
    let mut alarms = ALARMS.lock();
    alarms.retain(|known| known.alarm.path != alarm.path);
    alarms.push(Raised { alarm, told: None });
}

/// The script runs now, or nobody counts on it any more.
pub fn lower(script: &Path) {
    ALARMS.lock().retain(|known| known.alarm.path != script);
}

/// The hub ends.
pub fn clear() {
    ALARMS.lock().clear();
}

/// Whether there is anything to tell.
pub fn any() -> bool {
    !ALARMS.lock().is_empty()
}

/// Tells operators what there is to tell, after a call of a hook of this script, which lends its id. The
/// interpreter is left, no lock is held, and the script is still there.
pub fn tell(script: &ScriptInfo, hook: usize, params: &View) {
    for text in texts(&due(clock::ticking())) {
        notices::say_in_op_chat(script, &text);
    }
    if hook == ON_USER_LOGIN
        && let Some(Item::Text(Some(nick))) = params.items().next()
        && class_of(script, nick).is_some_and(|class| class >= OPERATOR)
    {
        let alarms: Vec<_> = ALARMS.lock().iter().map(|known| known.alarm.clone()).collect();
        texts(&alarms).iter().for_each(|text| write_to(script, nick, text));
    }
}

/// The alarms that the operators' chat must be told of now.
fn due(now: u64) -> Vec<Alarm> {
    let mut alarms = ALARMS.lock();
    let due = alarms.iter_mut().filter(|known| known.is_due(now));
    due.map(|known| {
        known.told = Some(now);
        known.alarm.clone()
    })
    .collect()
}

/// What is said of these scripts. All with the same reason share one text, because a wrong setting of the hub
/// affects every script.
fn texts(alarms: &[Alarm]) -> Vec<String> {
    let mut reasons: Vec<&str> = Vec::new();
    for alarm in alarms {
        if !reasons.contains(&alarm.reason.as_str()) {
            reasons.push(&alarm.reason);
        }
    }
    let same = |reason: &str| alarms.iter().filter(|it| it.reason == reason).collect::<Vec<_>>();
    reasons.into_iter().map(|reason| text(reason, &same(reason))).collect()
}

fn text(reason: &str, alarms: &[&Alarm]) -> String {
    let files = |alarms: &mut dyn Iterator<Item = &&Alarm>| {
        alarms.map(|alarm| alarm.file()).collect::<Vec<_>>().join(", ")
    };
    let (scripts, do_not, them) = match alarms {
        [_] => ("Script", "does not", "it"),
        _ => ("Scripts", "do not", "them"),
    };
    let mut text = format!("{scripts} {} {do_not} run: {reason}.", files(&mut alarms.iter()));
    for alarm in alarms.iter().filter(|alarm| !alarm.refusing.is_empty()) {
        text += &format!(" {} refuses everything in {} meanwhile.", alarm.file(), alarm.refusing);
    }
    let passing = files(&mut alarms.iter().filter(|alarm| alarm.refusing.is_empty()));
    if !passing.is_empty() {
        text += &format!(" What {passing} would decide passes meanwhile.");
    }
    text + &format!(" Load {them} again when that is mended.")
}

/// The class of the user whose nick these bytes of the hub are.
fn class_of(script: &ScriptInfo, nick: &[u8]) -> Option<i64> {
    let answer = hub::call_for_library(&CALLBACKS[GET_USER_CLASS], script.id, || {
        Block::new(&[Piece::Text(Some(Cow::Borrowed(nick)))], Storage::Inside)
    })?;
    match answer.view()?.ok()?.items().next()? {
        Item::Int(class) => Some(i64::from(class as i32)),
        _ => None,
    }
}

fn write_to(script: &ScriptInfo, nick: &[u8], text: &str) {
    // A hub that offers no private messages still has the operators' chat and the log.
    drop(hub::call_for_library(&CALLBACKS[PM], script.id, || {
        let nobody = || Piece::Text(None);
        let pieces = [
            Piece::Text(Some(Cow::Owned(notices::for_chat(script, text)))),
            Piece::Text(Some(Cow::Borrowed(nick))),
            nobody(),
            nobody(),
        ];
        Block::new(&pieces, Storage::Inside)
    }));
}

/// Whether this script lends its id: it is the first live one, which hears of events first.
pub fn is_told_by(script: &ScriptInfo) -> bool {
    directory::first_live().is_some_and(|first| first.serial == script.serial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::script;
    use vh_core::hooks::ON_TIMER;
    use vh_host::fake_hub::FakeHub;

    fn alarm(path: &str, reason: &str, refusing: &str) -> Alarm {
        Alarm { path: path.into(), reason: reason.to_owned(), refusing: refusing.to_owned() }
    }

    #[test]
    fn the_chat_hears_of_it_once_an_hour_until_it_is_lowered() {
        let _hub = FakeHub::begin(|_| false);
        let reasons = |now| due(now).into_iter().map(|alarm| alarm.reason).collect::<Vec<_>>();
        raise(alarm("a", "why", ""));
        assert!(any());
        assert_eq!(reasons(5), ["why"]);
        assert!(due(5 + AGAIN - 1).is_empty());
        assert_eq!(reasons(5 + AGAIN), ["why"]);
        raise(alarm("a", "another reason", ""));
        assert_eq!(reasons(5 + AGAIN), ["another reason"]);
        lower(Path::new("a"));
        assert!(!any() && due(5 + 3 * AGAIN).is_empty());
    }

    #[test]
    fn scripts_with_the_same_reason_are_told_together() {
        let alarms = [
            alarm("/s/a.py", "the sky falls", ""),
            alarm("/s/b.py", "it is late", "OnTimer"),
            alarm("/s/c.py", "the sky falls", "OnUserLogin, OnParsedMsgChat"),
        ];
        assert_eq!(
            texts(&alarms),
            [
                "Scripts a.py, c.py do not run: the sky falls. c.py refuses everything in OnUserLogin, \
                 OnParsedMsgChat meanwhile. What a.py would decide passes meanwhile. Load them again \
                 when that is mended.",
                "Script b.py does not run: it is late. b.py refuses everything in OnTimer meanwhile. Load \
                 it again when that is mended.",
            ]
        );
    }

    #[test]
    #[cfg_attr(miri, ignore = "it runs no C++")]
    fn operators_are_told_when_they_log_in() {
        let hub = FakeHub::newest();
        let script = script(4, "a.py", "");
        raise(alarm("/s/b.py", "it is $late", "OnTimer"));
        let block = Block::new(&[Piece::Text(Some(b"nick".as_slice().into()))], Storage::Inside);
        let block = block.unwrap();
        let calls = |hook, class: Option<i64>| {
            hub.answer(11, move |_| Block::int(class?));
            tell(&script, hook, &block.view());
            let calls = hub.calls().into_iter();
            calls.filter(|call| !call.starts_with("38")).collect::<Vec<_>>()
        };
        let text = "Script b.py does not run: it is &#36;late. b.py refuses everything in OnTimer \
                    meanwhile. Load it again when that is mended.";
        assert_eq!(calls(ON_TIMER, Some(10)), [format!("0 by 4: \"{text}\", NULL")]);
        assert!(calls(ON_TIMER, Some(10)).is_empty());
        let asked = "11 by 4: \"nick\"".to_owned();
        let told = format!("54 by 4: \"{text}\", \"nick\", NULL, NULL");
        assert_eq!(calls(ON_USER_LOGIN, Some(OPERATOR)), [asked.clone(), told.clone()]);
        assert_eq!(calls(ON_USER_LOGIN, Some(10)), [asked.clone(), told]);
        // Hubs pass an int where a long is read.
        for class in [Some(OPERATOR - 1), Some(0xFFFF_FFFE), None] {
            assert_eq!(calls(ON_USER_LOGIN, class), [asked.as_str()], "{class:?}");
        }
        clear();
        assert!(!any());
    }

    #[test]
    fn the_first_live_script_lends_its_id() {
        let _hub = FakeHub::begin(|_| false);
        let [first, second] = [1, 2].map(|id| script(id, "a.py", ""));
        second.set_live(true);
        assert!(is_told_by(&second) && !is_told_by(&first));
        first.set_live(true);
        assert!(is_told_by(&first) && !is_told_by(&second));
    }

    #[test]
    fn an_alarm_is_lowered_by_its_path() {
        let _hub = FakeHub::begin(|_| false);
        raise(alarm("a", "one", ""));
        raise(alarm("b", "two", ""));
        lower(Path::new("a"));
        let paths = due(1).into_iter().map(|alarm| alarm.file()).collect::<Vec<_>>();
        assert_eq!(paths, ["b"]);
        clear();
    }
}
