//! What a script in a child says without being asked: it prints, logs, and its threads call the hub.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use vh_core::error::Error;
use vh_guard::output::{self, tell_limit};
use vh_guard::script::ScriptInfo;
use vh_host::host_queue;

use super::process::Process;
use super::{raised, requests};
use crate::backend::Listener;
use crate::message::Request;

impl Listener for Process {
    fn request(&self, request: Request) {
        if let Some(line) = requests::answer_at_once(&request) {
            return self.send(&line);
        }
        let Some(script) = self.script() else { return };
        if let Some(call) = request.within {
            // Its caller has been given up.
            let message = format!("{}(): call {call} is late", request.name);
            let late = requests::Raised::new("TimeoutError", message);
            return self.send(&requests::line(&request, Err(late)));
        }
        let request = Arc::new(request);
        let refusal = Arc::clone(&request);
        let (own, serial) = (Weak::clone(&self.own), script.serial);
        let deadline = Instant::now() + host_queue::longest_wait();
        let leaving = Arc::clone(&script);
        let task = move |is_served: Result<(), &Error>| {
            let Some(own) = own.upgrade() else { return };
            let late = Instant::now() > deadline;
            own.send(&match is_served {
                Ok(()) if !late => requests::answer(&script, &request),
                Ok(()) => refused(&request, &host_queue::is_too_late()),
                Err(why) => refused(&request, why),
            });
        };
        if let Err(why) = host_queue::post_task(serial, || leaving.is_leaving(), task) {
            self.send(&refused(&refusal, &why));
        }
    }

    fn event(&self, name: &str, value: &str) {
        self.with_script(|script| match name {
            "output" => print(script, value),
            "log" => log(script, value),
            "error" => {
                let text: String = serde_json::from_str(value).unwrap_or_default();
                output::log_error(script, &text);
            }
            "raised" => raised::tell_of_event(script, value),
            "stack" => self.state.lock().stack = serde_json::from_str(value).ok(),
            "jobs" => {
                self.has_jobs.store(true, Ordering::Release);
                // When the host is gone, the job's future tells.
                let _ = host_queue::post_jobs(script.serial);
            }
            _ => {}
        });
    }

    fn printed(&self, line: &str) {
        self.with_script(|script| write(script, libc::STDERR_FILENO, &format!("{line}\n")));
    }

    fn ended(&self, how: &str, is_wanted: bool) {
        self.running.lock().clear();
        let is_news = {
            let mut state = self.state.lock();
            state.backend = None;
            state.ended = Some(how.to_owned());
            !state.is_leaving
        };
        let Some(script) = self.script().filter(|_| is_news) else { return };
        let how = if is_wanted { "was killed" } else { how };
        tracing::error!(
            script = %script.label,
            "its process {how}; it is started again at the next call"
        );
    }
}

impl Process {
    fn send(&self, line: &[u8]) {
        if let Ok(backend) = self.backend() {
            backend.send_line(line);
        }
    }
}

fn refused(request: &Request, why: &Error) -> Vec<u8> {
    requests::line(request, Err(requests::unasked(&request.name, why)))
}

/// Writes what the script printed: the number of the file, and the text.
fn print(script: &ScriptInfo, value: &str) {
    if let Ok((file, text)) = serde_json::from_str::<(i32, String)>(value) {
        write(script, file, &text);
    }
}

/// Writes a piece of what the script printed. When that fails, there is nowhere to say so.
fn write(script: &ScriptInfo, file: i32, text: &str) {
    let (_, verdict) = output::print(script, file, text.as_bytes());
    tell_limit(Some(script), verdict);
}

/// Writes a record that the script gave to `vh.log`: its level, or null, and the text.
fn log(script: &ScriptInfo, value: &str) {
    let Ok((level, text)) = serde_json::from_str::<(Option<i64>, String)>(value) else { return };
    output::log_record(script, level, &text);
}
