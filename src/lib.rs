//! Runs the Python scripts of a Direct Connect hub: a drop-in `libvh_python_wrapper.so`.
//!
//! A call's way: `abi` → `verbs` → `vh_scripts` → `vh_cpython::call` → `vh_cpython::interpreter` (enter)
//! → `vh_cpython::convert` → the script → `vh_cpython::vh` (one generic body, a row of
//! `vh_core::callbacks`) → `vh_host::hub` with the interpreter left → C++, and the same way back.
//! ARCHITECTURE.md has the layers.
//!
//! # Locks
//!
//! No lock of ours is held while Python or the host runs, nor while a thread waits for an
//! interpreter; only starting Python, which one thread at a time may do, has a lock around it. The
//! locks that calls can need are leaf locks (of the registry's slots, of a script's nicks and
//! functions, of the thread states of an interpreter, those in `vh_guard` and others that say so): no
//! other lock is taken while one is held. There are two exceptions. The registry takes
//! `vh_core::revocable::TAKING` under the lock of its slots when it puts a script there, and a script's
//! window of output (`vh_guard::output`) is locked under `vh_core::log::stream::OPEN`.
//!
//! # The price of a call
//!
//! A call takes no lock of ours and allocates nothing but the block of its result. What rarely
//! changes (the callback table, the generation, the encoding) is one atomic load each. A script is
//! entered and left by a plain store each (`vh_core::revocable`), and a thread finds its thread states in a
//! short list of its own. What only threads with the interpreter attached touch needs no lock of
//! its own (`vh_cpython::object::Guarded`, `vh_guard::slot`,
//! `vh_core::stats`). Arguments go to Python in an array
//! on the stack and come from it where Python left them. Values of three or four words are filled
//! in place and not returned, because moving them costs as much as a lock. `w_pack` and `w_unpack`
//! have nothing to guard on their usual way and stay in C; everything else that is exported runs
//! inside `abi::boundary`. `make bench-instr` counts the instructions.
//!
//! # The process
//!
//! The library installs no signal handlers but those for crashes, which pass the signal on to the
//! host's; it changes no locale and never ends the process. Standard output is the log. `build.rs`
//! links with `-z nodelete`, and `vh_cpython::init` pins libpython, because Python threads may still
//! run when the host closes the library.
// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

#[allow(unsafe_code)]
pub mod abi;
pub mod backends;
#[allow(unsafe_code)]
pub mod last_error;
pub mod lifecycle;
pub mod verbs;
