//! Runs the Python scripts of a Direct Connect hub: a drop-in `libvh_python_wrapper.so`.
//!
//! A call's way: `abi` → `verbs` → `scripts` → `python::call` → `python::interpreter` (enter) →
//! `python::convert` → the script → `python::vh` (one generic body, a row of `callbacks`) → `hub`
//! with the interpreter left → C++, and the same way back. ARCHITECTURE.md has the layers.
//!
//! # Locks
//!
//! No lock of ours is held while Python or the host runs, nor while a thread waits for an
//! interpreter; only starting Python, which one thread at a time may do, has a lock around it. The
//! locks that calls can need are leaf locks (of the registry's slots, of a script's nicks and
//! functions, of the thread states of an interpreter, those in `guard` and others that say so): no
//! other lock is taken while one is held. There are two exceptions. The registry takes
//! `revocable::TAKING` under the lock of its slots when it puts a script there, and a script's
//! window of output (`guard::output`) is locked under `log::stream::OPEN`.
//!
//! # The price of a call
//!
//! A call takes no lock of ours and allocates nothing but the block of its result. What rarely
//! changes (the callback table, the generation, the encoding) is one atomic load each. A script is
//! entered and left by a plain store each (`revocable`), and a thread finds its thread states in a
//! short list of its own. What only threads with the interpreter attached touch needs no lock of
//! its own (`python::object::Guarded`, `guard::slot`, `stats`). Arguments go to Python in an array
//! on the stack and come from it where Python left them. Values of three or four words are filled
//! in place and not returned, because moving them costs as much as a lock. `w_pack` and `w_unpack`
//! have nothing to guard on their usual way and stay in C; everything else that is exported runs
//! inside `abi::boundary`. `make bench-instr` counts the instructions.
//!
//! # The process
//!
//! The library installs no signal handlers but those for crashes, which pass the signal on to the
//! host's; it changes no locale and never ends the process. Standard output is the log. `build.rs`
//! links with `-z nodelete`, and `python::init` pins libpython, because Python threads may still
//! run when the host closes the library.
#![deny(missing_docs, missing_debug_implementations, rustdoc::broken_intra_doc_links)]
// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

#[allow(unsafe_code)]
pub mod abi;
pub mod callbacks;
#[allow(unsafe_code)]
pub mod clock;
mod comments;
mod config;
pub mod error;
#[allow(unsafe_code)]
pub mod guard;
pub mod hooks;
pub mod host_functions;
pub mod host_queue;
pub mod hub;
mod installed;
mod json;
#[allow(unsafe_code)]
pub mod last_error;
pub mod lifecycle;
pub mod log;
mod name_hash;
mod nearest;
mod on_error;
pub mod packages;
#[allow(unsafe_code)]
pub mod panics;
#[allow(unsafe_code)]
pub mod python;
#[allow(unsafe_code)]
mod revocable;
pub mod runtime;
pub mod scripts;
mod spawn;
mod sql;
#[allow(unsafe_code)]
mod standard_output;
pub mod stats;
#[allow(unsafe_code)]
pub mod targs;
pub mod text;
#[allow(unsafe_code)]
mod threads;
pub mod verbs;
