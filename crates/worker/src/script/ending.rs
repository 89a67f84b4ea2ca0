//! Unloading a script that runs in a process of its own.
//!
//! The order is that of other scripts: `UnLoad()`, the callbacks of `vh.on_unload`, threads, exit functions,
//! finalizers. Then the process ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use vh_core::error::Error;
use vh_guard::kept;
use vh_guard::script::ScriptInfo;
use vh_guard::stopping::{self, Threads};

use super::process::Process;
use super::{Call, Elsewhere, Failure, Outside, raised};

/// The names under which the steps of its end are counted.
const UNLOADING: &[u8] = b"(unloading)";
const COROUTINES: &[u8] = b"(coroutines)";
const EXIT_FUNCTIONS: &[u8] = b"(exit functions)";
const FINALIZERS: &[u8] = b"(finalizers)";

/// What the child says of `vh.state`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct State {
    text: Option<String>,
    /// The names of what does not outlive the unload, and why.
    wrong: Vec<(String, String)>,
    /// Why nothing of it does.
    why: Option<String>,
}

impl Outside {
    /// Unloads the script. Nobody is inside and nobody will enter any more. Gives what `UnLoad()` raised.
    pub fn unload(self, script: &Arc<ScriptInfo>, deadline: Instant) -> Option<Error> {
        let process = self.process;
        script.part();
        process.set_leaving(true);
        let error = say_goodbye(&process, script);
        script.leave();
        process.end_in_order(script, deadline);
        script.close();
        process.end();
        error
    }
}

impl Process {
    /// The end of the process as Python itself ends: threads, exit functions, finalizers.
    pub fn end_in_order(&self, script: &ScriptInfo, deadline: Instant) {
        let mut threads = Leaving { process: self, script };
        // Those that are left end with the process.
        let _ = stopping::stop(&mut threads, deadline);
        self.step(script, COROUTINES, "close_loop", "{}");
        self.step(script, EXIT_FUNCTIONS, "exit", "{}");
        // Exit functions may have started threads.
        let _ = stopping::stop(&mut threads, deadline);
        self.step(script, FINALIZERS, "finalize", "{}");
    }

    /// Asks for a step of the end, which is counted under a name. None when there is no answer, which has been told.
    fn step(
        &self,
        script: &ScriptInfo,
        name: &[u8],
        method: &str,
        params: &str,
    ) -> Option<Box<RawValue>> {
        let call = Call::begin(Elsewhere, script.entry_points.function(name));
        match self.ask(script, method, params.as_bytes()) {
            Ok(answer) => Some(answer),
            // The end of the process has been told.
            Err(Failure::Gone(_)) => None,
            failed => {
                raised::tell_failure(&call, failed, &String::from_utf8_lossy(name));
                None
            }
        }
    }
}

/// The threads of a script that leaves its process.
struct Leaving<'l> {
    process: &'l Process,
    script: &'l ScriptInfo,
}

impl Leaving<'_> {
    /// What the child answers; None when it does not.
    fn ask<T: DeserializeOwned>(&self, method: &str, params: &str) -> Option<T> {
        let answer = self.process.step(self.script, UNLOADING, method, params)?;
        serde_json::from_str(answer.get()).ok()
    }
}

impl Threads for Leaving<'_> {
    fn count(&mut self) -> usize {
        Leaving::ask(self, "threads", "{}").unwrap_or(0)
    }

    fn ask(&mut self, hurry: bool) -> bool {
        Leaving::ask(self, "ask_to_stop", &format!("{{\"hurry\":{hurry}}}")).unwrap_or(false)
    }

    fn are_patient(&mut self) -> bool {
        Leaving::ask(self, "patient", "{}").unwrap_or(false)
    }

    fn send_exit(&mut self) {
        // Whether it could, the next count tells.
        let _: Option<()> = Leaving::ask(self, "send_exit", "{}");
    }

    fn run(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// `UnLoad()` and the callbacks of `vh.on_unload`. Gives what the former raised.
pub fn say_goodbye(process: &Process, script: &ScriptInfo) -> Option<Error> {
    let mut error = None;
    if process.has_unload() {
        let call = Call::begin(Elsewhere, script.entry_points.function(b"UnLoad"));
        let asked = process.ask(script, "unload", b"{}");
        error = asked.err().map(|failure| raised::failed(&call, failure, "UnLoad"));
    }
    if let Some(state) = process.step(script, b"vh.on_unload", "leave", "{}") {
        keep(script, serde_json::from_str(state.get()).unwrap_or_default());
    }
    error
}

/// Keeps what outlives the unload. The log names the rest.
fn keep(script: &ScriptInfo, state: State) {
    for (name, why) in state.wrong {
        tracing::warn!(
            script = %script.label,
            "vh.state[{name}] does not outlive the unload: {why}"
        );
    }
    if let Some(why) = state.why {
        tracing::error!(script = %script.label, "vh.state is not kept: {why}");
    }
    if let Some(text) = state.text {
        kept::keep(script, text.into_bytes());
    }
}

impl Process {
    /// Ends the process for good.
    pub fn end(&self) {
        self.set_leaving(true);
        self.end_child();
        self.end_next();
    }

    /// Ends the child that there is. If it does not end by itself, it is killed.
    pub fn end_child(&self) {
        if let Some(child) = self.take_child()
            && let Err(error) = child.backend.terminate()
        {
            tracing::error!("{}", error.message());
        }
    }
}
