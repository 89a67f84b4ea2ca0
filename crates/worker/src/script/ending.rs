//! Unloading a script that runs in a process of its own.
//!
//! The order is that of other scripts: `UnLoad()`, the callbacks of `vh.on_unload`, threads, exit functions,
//! finalizers. Then the process ends.

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use vh_core::error::Error;
use vh_guard::kept;
use vh_guard::script::ScriptInfo;

use super::process::Process;
use super::{Call, Elsewhere, Failure, Outside, raised};

/// The names under which the steps of its end are counted.
const UNLOADING: &[u8] = b"(unloading)";
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
        process.leaves();
        let error = say_goodbye(&process, script);
        process.end_in_order(script, deadline);
        script.close();
        process.end();
        error
    }
}

impl Process {
    /// The end of the process as Python itself ends: threads, exit functions, finalizers.
    pub fn end_in_order(&self, script: &ScriptInfo, deadline: Instant) {
        let time = deadline.saturating_duration_since(Instant::now()).as_secs_f64();
        for (name, method, params) in [
            (UNLOADING, "end_threads", format!("{{\"time\":{time}}}")),
            (EXIT_FUNCTIONS, "exit", "{}".to_owned()),
            (FINALIZERS, "finalize", "{}".to_owned()),
        ] {
            let call = Call::begin(Elsewhere, script.entry_points.function(name));
            let asked = self.ask(script, method, params.as_bytes());
            // The end of the process has been told.
            if !matches!(asked, Err(Failure::Gone(_))) {
                raised::tell_failure(&call, asked, &String::from_utf8_lossy(name));
            }
        }
    }
}

/// `UnLoad()` and the callbacks of `vh.on_unload`. Gives what the former raised.
fn say_goodbye(process: &Process, script: &ScriptInfo) -> Option<Error> {
    let mut error = None;
    if process.has_unload() {
        let call = Call::begin(Elsewhere, script.entry_points.function(b"UnLoad"));
        let asked = process.ask(script, "unload", b"{}");
        error = asked.err().map(|failure| raised::failed(&call, failure, "UnLoad"));
    }
    let call = Call::begin(Elsewhere, script.entry_points.function(b"vh.on_unload"));
    match process.ask(script, "leave", b"{}") {
        Ok(state) => keep(script, serde_json::from_str(state.get()).unwrap_or_default()),
        // Its end has been told.
        Err(Failure::Gone(_)) => {}
        failed => raised::tell_failure(&call, failed, "vh.on_unload"),
    }
    drop(call);
    script.leave();
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
        self.leaves();
        self.end_child();
    }

    /// Ends the child that there is. If it does not end by itself, it is killed.
    pub fn end_child(&self) {
        if let Some(backend) = self.take_backend()
            && let Err(error) = backend.terminate()
        {
            tracing::error!("{}", error.message());
        }
    }
}
