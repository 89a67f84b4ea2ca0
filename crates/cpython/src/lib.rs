//! The embedded CPython. Only this part of the library names its C API.
//!
//! It is built on `pyo3_ffi`, the C declarations of PyO3, with thin types of our own. PyO3's upper layer
//! caches objects for the whole process, and so mixes the objects of different interpreters. Here no Python
//! object is static.

pub mod advice;
pub mod call;
pub mod convert;
pub mod force_stop;
mod gil_state;
pub mod imports;
pub mod init;
pub mod interpreter;
pub mod interrupt;
pub mod json;
pub mod load;
pub mod names;
pub mod object;
pub mod output;
pub mod parking;
mod preflight;
pub mod priming;
pub mod report;
pub mod scope;
mod sending;
mod slices;
mod stand_in;
pub mod state;
mod thread_state;
mod ticker;
pub(crate) mod trampoline;
pub mod unload;
pub mod vh;
mod waiting;
