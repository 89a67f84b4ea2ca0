//! The parts of a script's runtime in Python that are the same wherever the script runs. Each runtime runs them in
//! a namespace of its own, in which it defines what they ask for:
//!
//! - `Part`, the base of their classes, whose methods the script's own object has; `loaded(name)`, a module that
//!   has been imported, and `SEARCH_PATH`, where modules are looked for before a script adds its folders;
//! - `in_host_call()`, whether this thread is inside a call from the host, `notify(script)`, which asks for the
//!   script's jobs to be run by the host, and `serve()`, which answers the `vh` calls of other threads;
//! - `thread_frames()`, the innermost frames of threads that Python code has started, and of a script's own object
//!   `shared`, whether others live beside the script, `owns(thread)` and `take_current_loops()`, event loops that are
//!   not its own one;
//! - `gc`; `FIRST_MAIN`, the `__main__` before that of the script; and `BASELINE`, what a script found in its
//!   interpreter that another one will find there too;
//! - `log_for((owner, text))` and `output_owner()`, for errors that Python itself reports; `remedy(exception)`, what
//!   to say of an exception behind its traceback.
//!
//! Each text ends with a NUL, for C.

macro_rules! part {
    ($name:literal) => {
        concat!(include_str!(concat!("parts/", $name, ".py")), "\0")
    };
}

/// Modules of the standard library, for the library itself.
pub const STANDARD: &str = part!("standard");
/// Telling of exceptions, and of where a call is.
pub const TELLING: &str = part!("telling");
/// Exceptions that no code of a script catches.
pub const UNCAUGHT: &str = part!("uncaught");
/// Telling by an error that a script was written for Python 2.
pub const PYTHON2: &str = part!("python2");
/// What a function of a script takes.
pub const ARGUMENTS: &str = part!("arguments");
/// What `vh` offers a script for its own life.
pub const OFFERS: &str = part!("offers");
/// Work that a script gives to the host's thread.
pub const JOBS: &str = part!("jobs");
/// The event loop of a script.
pub const COROUTINES: &str = part!("coroutines");
/// Asking the threads of a script to stop.
pub const THREADS: &str = part!("threads");
/// Letting go of what a script's globals hold.
pub const FINALIZING: &str = part!("finalizing");

/// All of them, in an order in which they may be run one behind the other.
pub const ALL: [&str; 10] = [
    STANDARD, TELLING, UNCAUGHT, PYTHON2, ARGUMENTS, OFFERS, JOBS, COROUTINES, THREADS, FINALIZING,
];
