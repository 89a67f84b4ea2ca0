//! Scripts of a hub in processes of their own: the runtime `worker`.
//!
//! A script runs its top level, its hooks and its functions in a Python of its own (`python/vh_worker.py`). What it
//! asks of the hub by `vh` is answered by the thread that waits for the script's answer, or by the host's thread
//! when it next enters the library. A call is interrupted by the watchdog like any other: `process` says how.
//! When the process ends, another one is started at the next call.

use std::sync::Arc;

use vh_core::error::Error;
use vh_core::hooks::ON_TIMER;
use vh_guard::entry_point::EntryPoint;
use vh_guard::interrupt::Attachment;
use vh_guard::script::ScriptInfo;

mod calling;
mod ending;
mod gate;
mod heard;
mod late;
mod loading;
mod process;
mod raised;
mod recycling;
mod requests;
mod results;
mod typed;
mod values;

use process::Process;

/// A script that has run its top level in a process of its own.
#[derive(Debug)]
pub struct Outside {
    process: Arc<Process>,
    hooks: u64,
}

impl Outside {
    /// A bit for each hook that the script defined.
    pub fn hooks(&self) -> u64 {
        self.hooks
    }

    /// Runs the jobs that the script gave to `vh.run_in_host`.
    pub fn run_jobs(&self, script: &ScriptInfo) {
        let entry_point = script.entry_points.function(b"vh.run_in_host");
        if self.process.take_jobs() && entry_point.admits() {
            self.run_inside(script, entry_point, "jobs");
            self.go_on(script);
        }
    }

    /// Has the script's coroutines go on, without waiting for them.
    fn go_on(&self, script: &ScriptInfo) {
        if !self.process.is_busy() {
            return;
        }
        // The hub must call the script at least once a second.
        script.listening.add(1 << ON_TIMER);
        let entry_point = script.entry_points.function(b"(coroutines)");
        if entry_point.admits() {
            self.run_inside(script, entry_point, "turn");
        }
    }

    /// Has the script do something that has no answer. What fails is told under the entry point's name.
    fn run_inside(&self, script: &ScriptInfo, entry_point: &EntryPoint, method: &str) {
        // Another process begins with nothing to do.
        let Ok(_inside) = self.process.go_in(script) else { return };
        let call = Call::begin(Elsewhere, entry_point);
        raised::tell_failure(&call, self.process.ask(script, method, b"{}"), entry_point.name());
    }

    /// Tells the script that the hub renamed its bots.
    pub fn nicks_have_changed(&self, script: &ScriptInfo) {
        let mut params = b"{\"attributes\":".to_vec();
        loading::write_attributes(&mut params, script);
        params.push(b'}');
        self.process.tell("nicks", &params);
    }
}

/// A call into a script that runs elsewhere.
type Call<'c> = vh_guard::call::Call<'c, Elsewhere>;

/// What keeps a call of such a script: nothing of it is on the host's thread, so nothing is to be taken back.
#[derive(Clone, Copy, Debug)]
struct Elsewhere;

impl Attachment for Elsewhere {
    fn take_back(self, _: impl Fn(u64) -> bool) {}
}

/// What came of asking the script for something: JSON text, the exception that it raised, or why it did not
/// answer.
#[derive(Debug)]
enum Failure {
    /// Its code raised an exception.
    Raised(Box<raised::Told>),
    /// The call is late and was given up.
    Late,
    /// The process cannot answer.
    Gone(Error),
}
