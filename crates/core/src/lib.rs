//! What all parts of the library share: the facts about hooks and callbacks, settings, errors, text and JSON,
//! the log, panics, threads and the way into something that may be taken away.
//!
//! Nothing here knows the host, Python or what a script is.

// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

pub mod callbacks;
#[allow(unsafe_code)]
pub mod clock;
pub mod comments;
pub mod config;
pub mod constants;
pub mod error;
pub mod hooks;
pub mod installed;
pub mod json;
pub mod log;
pub mod name_hash;
pub mod nearest;
pub mod packages;
#[allow(unsafe_code)]
pub mod panics;
pub mod parts;
#[allow(unsafe_code)]
pub mod revocable;
pub mod runtime;
pub mod spawn;
#[allow(unsafe_code)]
pub mod standard_output;
pub mod stats;
pub mod text;
#[allow(unsafe_code)]
pub mod threads;
