//! Python in child processes: back ends, which answer the calls of any host.
//!
//! [`spawn`] starts one, [`Backend::call`] calls its methods, [`execute`] runs a piece of code once. The wire is
//! lines of JSON to the child, and JSON texts ended by NULs from it (`message`, `frames`). A child dies with this
//! process, and so does what it has started (`child`, `guardian`).

// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use vh_core::error::{Code, Error};

mod backend;
#[allow(unsafe_code)]
mod child;
mod events;
mod frames;
mod guardian;
mod input;
mod lines;
mod living;
mod message;
mod options;
mod poller;
mod python;
pub mod script;
#[allow(unsafe_code)]
mod sigpipe;
mod starting;
mod waiter;

pub use backend::{Backend, Call, Canceller};
use backend::{GRACE, Listener};
pub use events::Handler;
pub use options::{Options, TIMEOUT};
use python::Task;
pub use python::{has_python, version as python_version};
use starting::Starting;
pub use waiter::Answer;

/// How long a back end may take to answer the first call, which it need not know.
const READY: Duration = Duration::from_secs(5);

/// Starts the back end of a script, or gives the living one of the same file. Returns when it is ready.
pub fn spawn(script: &Path, options: &Options) -> Result<Arc<Backend>, Error> {
    let path = script.canonicalize().map_err(|error| {
        Error::new(
            Code::NotFound,
            format!("the script {} cannot be read: {error}", script.display()),
        )
    })?;
    let _is_the_only_one = Starting::begin(&path);
    if let Some(living) = living::of_script(&path) {
        return Ok(living);
    }
    let arguments = [path.as_os_str()];
    let (backend, ready) = start(&path, task_of(&path), &arguments, options, None)?;
    living::add(Arc::clone(&backend));
    if let Err(error) = ready.wait() {
        // Nobody has it yet, so how it ends interests nobody.
        let _ = backend.kill_and_wait();
        let message = format!("{} does not start: {}", backend.name(), error.message());
        let exception = error.exception().cloned();
        let error = Error::new(error.code(), message);
        return Err(match exception {
            Some(exception) => error.with_exception(exception),
            None => error,
        });
    }
    // Originals have their hosts call it; what it answers does not matter.
    let _ = backend.call("ready", "", Some(READY));
    Ok(backend)
}

/// How a script is started: with our module, unless it has one of its own beside it.
fn task_of(script: &Path) -> Task {
    let has_own = script.parent().is_some_and(|folder| folder.join("bridge_runtime.py").is_file());
    if has_own { Task::Script } else { Task::Serve }
}

/// Runs code once, in a Python of its own, as the body of a function: what it returns is the answer, as JSON
/// text.
pub fn execute(code: &str, options: &Options) -> Answer {
    let (backend, ready) = start(Path::new("<execute>"), Task::Execute, &[], options, None)?;
    living::add(Arc::clone(&backend));
    drop(ready);
    let params = options::object(options.params.as_deref().unwrap_or_default(), "params")?;
    let answer = backend.execute(code, &params, options.timeout);
    backend.kill_and_wait()?;
    answer
}

/// The living back end of a script.
pub fn get_backend(script: &Path) -> Option<Arc<Backend>> {
    living::of_script(&script.canonicalize().ok()?)
}

/// The living back end of a number.
pub fn of_number(number: u32) -> Option<Arc<Backend>> {
    living::of_number(number)
}

/// Ends all back ends, at the same time.
pub fn terminate_all() -> Result<(), Error> {
    let all = living::all();
    for backend in &all {
        backend.ask_to_end();
    }
    let deadline = Instant::now() + GRACE;
    let ended: Vec<_> = all.iter().map(|backend| backend.end_by(deadline)).collect();
    ended.into_iter().collect()
}

fn start(
    path: &Path,
    task: Task,
    arguments: &[&std::ffi::OsStr],
    options: &Options,
    listener: Option<Arc<dyn Listener>>,
) -> Result<(Arc<Backend>, Call), Error> {
    static LAST: AtomicU32 = AtomicU32::new(0);
    if let Some(folder) = options.folder.as_ref().filter(|folder| !folder.is_dir()) {
        let message = format!("the working directory {} is no folder", folder.display());
        return Err(Error::new(Code::Invalid, message));
    }
    let module = python::module(&options.python)?;
    let plan = child::Plan {
        program: options.python.clone(),
        arguments: python::arguments(module, task, arguments),
        environment: options.environment.clone(),
        folder: options.folder.clone(),
        inherited: Some(module),
    };
    let (child, pipes) =
        child::start(plan).map_err(|error| python::not_started(&options.python, &error))?;
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    let (backend, ready) =
        Backend::new(number, path.to_owned(), options.timeout, child, pipes, listener);
    if let Err(error) = backend.watch() {
        let _ = backend.kill_and_wait();
        let message = format!("the pipes of {} cannot be watched: {error}", backend.name());
        return Err(Error::new(Code::Unavailable, message));
    }
    Ok((backend, ready))
}
