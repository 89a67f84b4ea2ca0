//! The registry of scripts: ids, and the one place where a script's state changes.
//!
//! An id goes from reserved to loading, live, draining and free again. Each thread notes inside which live
//! scripts it is (`vh_core::revocable` says why none is missed). Draining begins by refusing new calls, and the last
//! thread to leave ends the script; so a script may ask for its own unload from inside a call, and gets it
//! when that call returns. No lock is held while Python or the host runs.
//!
//! Nothing here knows how a script runs: the registry is generic over a [`Runtime`].

// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

use std::sync::Arc;

use parking_lot::RwLock;

use vh_core::error::{Code, Error};
use vh_core::hooks::{HOOKS, ON_TIMER, ON_USER_LOGIN};
use vh_core::revocable::{Inside, Revocable};
use vh_guard::alarms;
use vh_guard::current::running_for;
use vh_guard::directory;
use vh_guard::listening::Listening;
use vh_guard::notices;
use vh_guard::script::ScriptInfo;
use vh_host::host_functions::Registered;
use vh_host::host_queue;

mod calling;
mod loading;
mod runtime;
mod slots;
mod stubs;
#[cfg(test)]
#[allow(unsafe_code)]
mod tests;
mod unloading;

pub use loading::LoadReply;
pub use runtime::Runtime;

use slots::Slots;
use stubs::Stubs;

/// How many scripts a process can have at once.
const MAX_SCRIPTS: usize = 4096;

/// All scripts of a host.
#[derive(Debug)]
pub struct Registry<R: Runtime> {
    /// What each id is used for. `vh_core::revocable::TAKING` is taken under this lock, and no other is.
    slots: RwLock<Slots>,
    /// The way into each live script. Calls go in and out without a lock.
    residents: [Revocable<Resident<R>>; MAX_SCRIPTS],
    /// Which hooks each of them has; what `w_HasHook` reads.
    listening: [Listening; MAX_SCRIPTS],
    /// The stubs' knowledge of scripts that ran and asked for refusal.
    stubs: Stubs,
}

/// A script that the host can call.
#[derive(Debug)]
struct Resident<R: Runtime> {
    registry: &'static Registry<R>,
    script: Arc<ScriptInfo>,
    body: Body<R>,
}

/// What answers the calls of a script.
#[derive(Debug)]
enum Body<R> {
    /// The script.
    Runs(R),
    /// A stub stands in for the script, which cannot run: a bit for each hook that the stub has.
    Stub(u64),
}

const _: () = assert!(HOOKS.len() <= 64, "there is a bit for each hook");

impl<R: Runtime> Default for Registry<R> {
    fn default() -> Registry<R> {
        Registry::new()
    }
}

impl<R: Runtime> Registry<R> {
    /// A registry without scripts.
    pub const fn new() -> Registry<R> {
        Registry {
            slots: RwLock::new(Slots::none()),
            residents: [const { Revocable::closed(unloading::finish_late::<R>) }; MAX_SCRIPTS],
            listening: [const { Listening::to_nothing() }; MAX_SCRIPTS],
            stubs: Stubs::new(),
        }
    }

    /// Reserves the lowest free id.
    pub fn reserve(&self) -> Result<i32, Error> {
        self.slots.write().reserve().ok_or_else(|| {
            let message =
                format!("all {MAX_SCRIPTS} script ids are in use: no further script can be loaded");
            Error::new(Code::Busy, message)
        })
    }

    /// The functions registered for an id that is in use.
    pub fn functions(&self, id: i32) -> Option<Arc<Registered>> {
        self.slots.read().functions(id)
    }

    /// The id of the script that was loaded from this path, or else of the script with this file name; the
    /// lowest where there are several.
    pub fn find(&self, path_or_name: &[u8]) -> Option<i32> {
        serve_threads();
        let slots = self.slots.read();
        let by_path = || slots.first_live(|script| script.path_bytes() == path_or_name);
        let by_name = || slots.first_live(|script| script.name_bytes() == path_or_name);
        by_path().or_else(by_name)
    }

    /// Whether the host is to call this script's hook of this number. Any two numbers may be asked.
    pub fn has_hook(&self, id: i32, hook: i32) -> bool {
        serve_threads();
        let listening =
            self.listening(id).zip(usize::try_from(hook).ok().filter(|hook| *hook < 64));
        listening.is_some_and(|(listening, hook)| listening.wants(hook))
    }

    #[inline]
    fn listening(&self, id: i32) -> Option<&Listening> {
        self.listening.get(usize::try_from(id).ok()?)
    }

    /// Enters a live script, which then stays loaded; None when no live script has this id.
    #[inline]
    fn enter(&'static self, id: i32) -> Option<Inside<'static, Resident<R>>> {
        self.residents.get(usize::try_from(id).ok()?)?.enter()
    }

    /// Runs what a script gave to `vh.run_in_host`.
    pub fn run_jobs(&'static self, serial: u64) {
        let live = directory::live_with_serial(serial);
        let Some(inside) = live.and_then(|script| self.enter(script.id)) else { return };
        let Resident { script, body: Body::Runs(runs), .. } = inside.value() else { return };
        running_for(script, || {
            runs.run_jobs(script);
            notices::say(script);
        });
    }
}

/// Answers `vh` calls of scripts' own threads. To be called whenever the host enters the library and before
/// it leaves.
#[inline]
fn serve_threads() {
    if host_queue::is_pending() {
        host_queue::serve();
    }
}

/// When there are scripts that do not run, operators are told after calls of the first live script. So the
/// hub must call that script for the timer and for logins.
fn watch_alarms() {
    if alarms::any()
        && let Some(first) = directory::first_live()
    {
        first.notices.watch_alarms();
        first.listening.add(1 << ON_TIMER | 1 << ON_USER_LOGIN);
    }
}
