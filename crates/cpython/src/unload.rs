//! Takes a script out of its interpreter, and parks or ends the interpreter if it was the script's own.
//!
//! This is the order. `UnLoad()` is called, then the callbacks of `vh.on_unload`. Threads are stopped. Exit
//! functions run, the last code that may call the hub; then finalizers. Threads that are stuck in C keep their interpreter, which is set aside and looked at again at later loads
//! and unloads: it is never ended under them.

use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3_ffi as ffi;

use super::interpreter::{self, Entered, Interpreter, Janitor};
use super::interrupt::Call;
use super::load::{Loaded, own_lock};
use super::object::{Attached, Obj};
use super::parking::{self, Home};
use super::sending::{self, Receiver};
use super::{interrupt, report, scope, state};
use vh_core::error::Error;
use vh_core::runtime::Runtime;
use vh_guard::script::ScriptInfo;
use vh_guard::stopping::{self, Threads};

/// The name under which the library's own work on objects of the script is counted.
const UNLOADING: &[u8] = b"(unloading)";

/// A script whose threads did not stop.
struct SetAside {
    script: Arc<ScriptInfo>,
    loaded: Loaded,
}

static ASIDE: Mutex<Vec<SetAside>> = Mutex::new(Vec::new());

/// The script's interpreter while the script is taken out of it.
enum Attachment<'i> {
    /// Its own, which is parked or ended.
    Own(Janitor),
    /// The main one, which stays.
    Main(Entered<'i>),
}

impl Attachment<'_> {
    fn new(interpreter: &Arc<Interpreter>, runtime: Runtime) -> Attachment<'_> {
        match own_lock(runtime) {
            Some(_) => Attachment::Own(interpreter.janitor()),
            None => Attachment::Main(interpreter.enter()),
        }
    }

    fn attached(&self) -> Attached<'_> {
        match self {
            Attachment::Own(janitor) => janitor.attached(),
            Attachment::Main(entered) => entered.attached(),
        }
    }
}

/// Unloads a script. Nobody is inside and nobody will enter any more. Gives what `UnLoad()` raised.
pub fn unload(loaded: Loaded, script: &Arc<ScriptInfo>, deadline: Instant) -> Option<Error> {
    let interpreter = Arc::clone(&loaded.interpreter);
    let attachment = Attachment::new(&interpreter, loaded.runtime);
    let error = say_goodbye(&loaded, script, attachment.attached());
    take_apart(loaded, script, attachment, deadline);
    error
}

/// Stops the script's threads and ends its interpreter, or sets it aside.
fn take_apart(
    mut loaded: Loaded,
    script: &Arc<ScriptInfo>,
    attachment: Attachment,
    deadline: Instant,
) {
    let Err(left) = finish(&loaded, script, &attachment, deadline) else {
        return end(loaded, script, attachment);
    };
    // When its exit functions run, its id may belong to another script.
    script.close();
    describe(&loaded, script, attachment.attached(), left);
    leave(attachment);
    // From now on another interpreter serves the script.
    loaded.home = None;
    let count = {
        let mut aside = ASIDE.lock();
        aside.push(SetAside { script: Arc::clone(script), loaded });
        aside.len()
    };
    tracing::warn!(
        script = %script.label,
        "its interpreter is set aside with those threads ({count} in all) and ended when they \
         have; stop threads in UnLoad() to free its memory at once"
    );
}

/// Ends interpreters that wait for no script. Those that were set aside are ended if their threads have ended
/// meanwhile; otherwise the threads are asked again.
pub fn look_again() {
    for interpreter in parking::surplus() {
        end_interpreter(interpreter.janitor());
    }
    let aside = std::mem::take(&mut *ASIDE.lock());
    for SetAside { script, loaded } in aside {
        let interpreter = Arc::clone(&loaded.interpreter);
        let attachment = Attachment::new(&interpreter, loaded.runtime);
        if finish(&loaded, &script, &attachment, Instant::now()).is_err() {
            leave(attachment);
            ASIDE.lock().push(SetAside { script, loaded });
            continue;
        }
        end(loaded, &script, attachment);
        tracing::info!(
            script = %script.label,
            "its last thread has ended, and its interpreter with it"
        );
    }
}

/// `UnLoad()` and the callbacks of `vh.on_unload`. Gives what the former raised.
fn say_goodbye(loaded: &Loaded, script: &ScriptInfo, attached: Attached<'_>) -> Option<Error> {
    script.part();
    let mut error = None;
    // SAFETY: the script's own interpreter is attached.
    unsafe {
        let namespace = loaded.namespace.get(attached);
        if let Some(function) = namespace.dict_item(c"UnLoad").filter(Obj::is_callable) {
            let entry_point = script.entry_points.function(b"UnLoad");
            let call = Call::begin(attached, entry_point);
            if let Err(raised) = function.call(&[]) {
                error = Some(report::failure(attached, raised, &call, "UnLoad"));
            }
        }
        let call = Call::begin(attached, script.entry_points.function(b"vh.on_unload"));
        loaded.scope.run(attached, script, c"run_unload_callbacks");
        drop(call);
        script.leave();
        state::keep(attached, script, &loaded.vh.get(attached));
    }
    let _call = Call::begin(attached, script.entry_points.function(UNLOADING));
    // SAFETY: as above.
    unsafe { loaded.scope.run(attached, script, c"fail_jobs") };
    error
}

/// The threads of a script that is being unloaded.
struct Leaving<'u> {
    loaded: &'u Loaded,
    script: &'u ScriptInfo,
    attachment: &'u Attachment<'u>,
}

impl Leaving<'_> {
    /// Their ids.
    fn ids(&self) -> Vec<u64> {
        let attached = self.attachment.attached();
        // SAFETY: the script's own interpreter is attached.
        match unsafe { self.loaded.scope.call(attached, c"thread_ids", &[]) } {
            Ok(ids) => {
                let ids =
                    ids.items().into_iter().filter_map(|id| id.as_i64().map(i64::cast_unsigned));
                ids.filter(|&id| !self.loaded.interpreter.is_kept_by(id)).collect()
            }
            Err(raised) => {
                report::log(attached, raised, &self.script.label, "thread_ids of the library");
                Vec::new()
            }
        }
    }
}

impl Threads for Leaving<'_> {
    fn count(&mut self) -> usize {
        match self.attachment {
            Attachment::Own(janitor) => janitor.foreign_threads(),
            Attachment::Main(_) => self.ids().len(),
        }
    }

    fn ask(&mut self, hurry: bool) -> bool {
        let attached = self.attachment.attached();
        let _call = Call::begin(attached, self.script.entry_points.function(UNLOADING));
        // SAFETY: the script's own interpreter is attached.
        match unsafe { self.loaded.scope.call(attached, c"ask_to_stop", &[attached.bool(hurry)]) } {
            Ok(has_asked) => has_asked.is_true(),
            Err(raised) => {
                report::log(attached, raised, &self.script.label, "ask_to_stop of the library");
                false
            }
        }
    }

    fn are_patient(&mut self) -> bool {
        let attached = self.attachment.attached();
        // SAFETY: the script's own interpreter is attached.
        match unsafe { self.loaded.scope.call(attached, c"patient", &[]) } {
            Ok(answer) => answer.is_true(),
            Err(raised) => {
                attached.clear(raised);
                false
            }
        }
    }

    /// A thread that must not be interrupted where it is now is asked the next time.
    fn send_exit(&mut self) {
        let attached = self.attachment.attached();
        for id in self.ids() {
            let receiver = Receiver { thread: id, state: ptr::null_mut() };
            // SAFETY: the class is Python's own.
            sending::send(attached, receiver, unsafe { ffi::PyExc_SystemExit });
        }
        // SAFETY: the script's own interpreter is attached.
        unsafe { self.loaded.scope.run(attached, self.script, c"wake_waiters") };
    }

    fn run(&mut self, time: Duration) {
        interpreter::detached(self.attachment.attached(), || std::thread::sleep(time));
    }
}

/// Logs name and stack of the threads that did not stop.
fn describe(loaded: &Loaded, script: &ScriptInfo, attached: Attached<'_>, left: usize) {
    // SAFETY: the script's own interpreter is attached.
    match unsafe { loaded.scope.call(attached, c"describe_threads", &[]) } {
        Ok(described) => {
            let stacks: Vec<_> = described.items().iter().map(Obj::to_text).collect();
            tracing::warn!(
                script = %script.label,
                "{left} of its threads did not stop:\n{}",
                stacks.join("\n")
            );
        }
        Err(raised) => {
            report::log(attached, raised, &script.label, "describe_threads of the library")
        }
    }
}

/// Stops threads and runs exit functions, which may still call the hub. Afterwards nothing of the script runs
/// any more.
fn finish(
    loaded: &Loaded,
    script: &ScriptInfo,
    attachment: &Attachment,
    deadline: Instant,
) -> Result<(), usize> {
    let mut threads = Leaving { loaded, script, attachment };
    stopping::stop(&mut threads, deadline)?;
    let attached = attachment.attached();
    // SAFETY: the script's own interpreter is attached.
    unsafe {
        let call = Call::begin(attached, script.entry_points.function(b"(coroutines)"));
        loaded.scope.run(attached, script, c"close_loop");
        drop(call);
        let _call = Call::begin(attached, script.entry_points.function(b"(exit functions)"));
        loaded.scope.run(attached, script, c"run_exit_callbacks");
    }
    script.close();
    // Exit functions may have started threads.
    stopping::stop(&mut threads, deadline)
}

/// Drops a script in which nothing runs any more. Its own interpreter is parked for the next load of the
/// script, or ended.
fn end(mut loaded: Loaded, script: &ScriptInfo, attachment: Attachment) {
    let attached = attachment.attached();
    // Objects that the script left behind may have `__del__` methods.
    let finalizers = script.entry_points.function(b"(finalizers)");
    let call = Call::begin(attached, finalizers);
    // Threads that were asked to stop may have ended without taking the exception.
    interrupt::drain(attached);
    let home = loaded.home.take();
    // SAFETY: the script's own interpreter is attached.
    unsafe {
        loaded.scope.run(attached, script, c"forget");
        loaded.release(attached);
    }
    drop(call);
    script.moves_out();
    match attachment {
        Attachment::Own(janitor) => {
            let call = Call::begin(janitor.attached(), finalizers);
            let home = home.filter(|_| is_swept(janitor.attached(), script));
            drop(call);
            match home {
                Some(home) => park(home, janitor),
                None => end_interpreter(janitor),
            }
        }
        Attachment::Main(entered) => drop(entered),
    }
}

fn leave(attachment: Attachment) {
    if let Attachment::Own(janitor) = attachment {
        janitor.leave();
    }
}

/// Whether nothing of its script is left in the interpreter. If something is, the log says what.
fn is_swept(attached: Attached<'_>, script: &ScriptInfo) -> bool {
    match scope::call(attached, c"sweep", &[]) {
        Ok(left) if left.is_none() => true,
        Ok(left) => {
            tracing::info!(
                script = %script.label,
                "gets a new interpreter at its next load, because it left behind what cannot be \
                 taken back: {}",
                left.to_text()
            );
            false
        }
        Err(raised) => {
            report::log(attached, raised, &script.label, "cleaning its interpreter");
            false
        }
    }
}

/// Parks an interpreter for the next load of its script.
fn park(home: Home, janitor: Janitor) {
    let attached = janitor.attached();
    let may_end = match scope::call(attached, c"has_foreign_extensions", &[]) {
        Ok(answer) => !answer.is_true(),
        Err(raised) => {
            attached.clear(raised);
            false
        }
    };
    parking::park(home, janitor.rest(), may_end);
}

/// Takes out a script that failed to load. Only its exit functions are called.
pub fn abandon(loaded: Loaded, script: &Arc<ScriptInfo>, deadline: Instant) {
    script.leave();
    let interpreter = Arc::clone(&loaded.interpreter);
    let attachment = Attachment::new(&interpreter, loaded.runtime);
    take_apart(loaded, script, attachment, deadline);
}

/// Ends an interpreter whose script could not be prepared.
pub fn discard(interpreter: &Arc<Interpreter>, runtime: Runtime) {
    if let Attachment::Own(janitor) = Attachment::new(interpreter, runtime) {
        end_interpreter(janitor);
    }
}

/// Ends an interpreter in which nothing runs any more.
fn end_interpreter(janitor: Janitor) {
    let attached = janitor.attached();
    if let Err(raised) = scope::prepare_end(attached) {
        report::log(attached, raised, "", "preparing the end of an interpreter");
    }
    janitor.end();
}
