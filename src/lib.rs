//! Runs the Python scripts of a Direct Connect hub: a drop-in `libvh_python_wrapper.so`.
//!
//! A call's way, short and one-directional: `abi` → `scripts` → `python::call` →
//! `python::interpreter` (enter) → `python::convert` → the script → `python::vh` (one generic body,
//! a row of `callbacks`) → `hub` with the interpreter left → C++, and the same way back.
#![deny(missing_docs, missing_debug_implementations, rustdoc::broken_intra_doc_links)]
// Gathering points by the linker counts as unsafe code wherever there is one.
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
