//! Guards the host against its scripts: every call into one is counted, timed and watched.
//!
//! A [`script::ScriptInfo`] is the record of a script. An [`entry_point::EntryPoint`] is one of its hooks or
//! functions, a [`call::Call`] one run of it. While a call runs, the thread's [`slot`] tells the watchdog and
//! the crash handler of it. A call pays for this with plain loads and stores only, some ten when it begins
//! and half as many when it ends, all with the script's interpreter attached.

// With this feature every `point!` puts a static into a section of the linker, which counts as
// unsafe code.
#![cfg_attr(not(feature = "inject-panics"), deny(unsafe_code))]

pub mod advice;
pub mod alarms;
pub mod answers;
pub mod attributes;
pub mod breaker;
pub mod call;
#[allow(unsafe_code)]
pub mod crash;
#[allow(unsafe_code)]
pub mod current;
pub mod directory;
#[allow(unsafe_code)]
pub mod entry_point;
#[cfg(test)]
mod fake;
pub mod folders;
pub mod interrupt;
pub mod kept;
pub mod listening;
#[allow(unsafe_code)]
pub mod memory;
pub mod notices;
pub mod output;
pub mod raised;
pub mod repeats;
pub mod script;
pub mod settings;
#[allow(unsafe_code)]
pub mod slot;
pub mod statistics;
pub mod stopping;
pub mod waits;
#[allow(unsafe_code)]
pub mod wake;
#[allow(unsafe_code)]
pub mod watchdog;
