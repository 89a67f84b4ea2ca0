//! `w_Begin` and `w_End`: from nothing to a hub with a running Python, and back.

use crate::abi::host::CallbackTable;
use crate::guard::{alarms, crash, watchdog};
use crate::last_error::{self, Code};
use crate::python::{advice, interpreter};
use crate::{carry, hub, log, scripts, stubs};

/// Starts Python and keeps the callback table. False, with a log line, on failure.
pub fn begin(table: Option<CallbackTable>) -> bool {
    let Some(table) = table else {
        let message = "w_Begin was given no callback table (NULL): no script can run".to_owned();
        last_error::fail(Code::Invalid, "", message);
        return false;
    };
    if let Err(reason) = interpreter::start() {
        let message = format!("Python cannot start, no script can run: {reason}");
        last_error::fail(Code::Unavailable, "", message);
        return false;
    }
    hub::begin(table);
    advice::begin();
    watchdog::start();
    crash::install();
    carry::open();
    true
}

/// Unloads every script and forgets the callback table.
pub fn end() {
    scripts::unload_all();
    alarms::clear();
    stubs::forget_all();
    watchdog::stop();
    crash::uninstall();
    carry::close();
    hub::end();
    log::flush();
}
