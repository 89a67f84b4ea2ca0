//! What a script in a child says without being asked: it prints, logs, and its threads call the hub.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use vh_core::error::Error;
use vh_guard::output::{self, tell_limit};
use vh_guard::script::ScriptInfo;
use vh_host::host_queue;

use super::process::Process;
use super::{raised, requests};
use crate::backend::{Backend, Listener};
use crate::message::Request;

/// What hears a child of a script.
#[derive(Debug)]
pub struct Ear {
    own: Weak<Ear>,
    process: Weak<Process>,
    child: OnceLock<Weak<Backend>>,
    /// A leaf lock.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the script is in this child.
    is_current: bool,
    /// How it has ended before that, and whether it was to.
    ended: Option<(String, bool)>,
    /// Whether the script is leaving it.
    is_leaving: bool,
    /// What threads of the script have asked the hub.
    asked: Vec<Arc<Request>>,
}

impl Ear {
    /// For a child of a script.
    pub fn of(process: &Process) -> Arc<Ear> {
        Arc::new_cyclic(|own| Ear {
            own: Weak::clone(own),
            process: Weak::clone(&process.own),
            child: OnceLock::new(),
            state: Mutex::default(),
        })
    }

    /// It hears this child.
    pub fn hears(&self, child: &Arc<Backend>) {
        // It is set once.
        let _ = self.child.set(Arc::downgrade(child));
    }

    /// The script is in this child from now on.
    pub fn moves_in(&self) {
        let ended = {
            let mut state = self.state.lock();
            state.is_current = true;
            state.ended.take()
        };
        if let (Some((how, is_wanted)), Some(process)) = (ended, self.process.upgrade()) {
            process.has_ended(&how, is_wanted);
        }
    }

    /// The script leaves this child: its threads are refused from now on.
    pub fn leaves(&self) {
        let asked = {
            let mut state = self.state.lock();
            state.is_leaving = true;
            std::mem::take(&mut state.asked)
        };
        for request in asked {
            self.send(&refused(&request, &host_queue::script_is_gone()));
        }
    }

    /// Notes what a thread asks. False when it is refused.
    fn notes(&self, request: &Arc<Request>) -> bool {
        let mut state = self.state.lock();
        if !state.is_leaving {
            state.asked.push(Arc::clone(request));
        }
        !state.is_leaving
    }

    /// Takes what a thread has asked. False when it has been refused meanwhile.
    fn takes(&self, request: &Arc<Request>) -> bool {
        let mut state = self.state.lock();
        let place = state.asked.iter().position(|asked| Arc::ptr_eq(asked, request));
        place.map(|place| state.asked.remove(place)).is_some()
    }

    fn script(&self) -> Option<Arc<ScriptInfo>> {
        self.process.upgrade()?.script()
    }

    fn send(&self, line: &[u8]) {
        if let Some(child) = self.child.get().and_then(Weak::upgrade) {
            child.send_line(line);
        }
    }

    /// Has the host's thread answer what a thread of the script asks.
    fn post(&self, script: &Arc<ScriptInfo>, request: &Arc<Request>) -> Result<(), Error> {
        if !self.notes(request) {
            return Err(host_queue::script_is_gone());
        }
        let (own, asked) = (Weak::clone(&self.own), Arc::clone(request));
        let (leaving, script) = (Arc::clone(script), Arc::clone(script));
        let deadline = Instant::now() + host_queue::longest_wait();
        let serial = script.serial;
        let task = move |is_served: Result<(), &Error>| {
            let Some(own) = own.upgrade().filter(|own| own.takes(&asked)) else { return };
            let late = Instant::now() > deadline;
            own.send(&match is_served {
                Ok(()) if !late => requests::answer(&script, &asked),
                Ok(()) => refused(&asked, &host_queue::is_too_late()),
                Err(why) => refused(&asked, why),
            });
        };
        host_queue::post_task(serial, || leaving.is_leaving(), task)
    }
}

impl Listener for Ear {
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
        if let Err(why) = self.post(&script, &request) {
            self.takes(&request);
            self.send(&refused(&request, &why));
        }
    }

    fn event(&self, name: &str, value: &str) {
        let Some(process) = self.process.upgrade() else { return };
        process.with_script(|script| match name {
            "output" => print(script, value),
            "log" => log(script, value),
            "error" => {
                let text: String = serde_json::from_str(value).unwrap_or_default();
                output::log_error(script, &text);
            }
            "raised" => raised::tell_of_event(script, value),
            "stack" => process.state.lock().stack = serde_json::from_str(value).ok(),
            "jobs" => {
                process.has_jobs.store(true, Ordering::Release);
                // When the host is gone, the job's future tells.
                let _ = host_queue::post_jobs(script.serial);
            }
            _ => {}
        });
    }

    fn printed(&self, line: &str) {
        if let Some(script) = self.script() {
            write(&script, libc::STDERR_FILENO, &format!("{line}\n"));
        }
    }

    fn ended(&self, how: &str, is_wanted: bool) {
        {
            let mut state = self.state.lock();
            if !state.is_current {
                state.ended = Some((how.to_owned(), is_wanted));
                return;
            }
        }
        if let Some(process) = self.process.upgrade() {
            process.has_ended(how, is_wanted);
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
