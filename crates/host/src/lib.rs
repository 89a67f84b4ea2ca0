//! The host: its callback table and C functions, the blocks of values that pass between it and us, what it is
//! asked for, and what waits for its thread.

// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

#[cfg(any(test, feature = "fake-hub"))]
#[allow(unsafe_code)]
pub mod fake_hub;
pub mod host_functions;
pub mod host_queue;
pub mod hub;
#[allow(unsafe_code)]
pub mod native;
pub mod nick_list;
pub mod on_error;
#[allow(unsafe_code)]
pub mod results;
pub mod sql;
#[allow(unsafe_code)]
pub mod targs;
pub mod telling;
#[allow(unsafe_code)]
pub mod types;
#[allow(unsafe_code)]
pub mod vectors;
