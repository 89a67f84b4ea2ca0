//! Guards the host against its scripts: every call into one is counted, timed and watched.
//!
//! A [`script::ScriptInfo`] is what is known of a script. An [`entry_point::EntryPoint`] is a hook or function of
//! it, a [`call::Call`] one run of that. While it runs, the thread's [`slot`] says so to the
//! watchdog and to the crash handler. Of that only plain loads and stores are on a call's way, some
//! ten at its beginning and half as many at its end, all with the script's interpreter attached.

pub mod alarms;
pub mod answers;
pub mod breaker;
pub mod call;
pub mod crash;
pub mod current;
pub mod directory;
pub mod entry_point;
pub mod interrupt;
pub mod listening;
pub mod memory;
pub mod notices;
pub mod output;
pub mod repeats;
pub mod script;
pub mod settings;
pub mod slot;
pub mod statistics;
pub mod waits;
pub mod wake;
pub mod watchdog;
