//! `w_Begin` and `w_End`: connect the library to a host, with Python running, and disconnect it again.

use crate::backends;
use crate::verbs::SCRIPTS;
use vh_core::error::{Code, Error};
use vh_core::log;
use vh_cpython::interpreter;
use vh_guard::advice;
use vh_guard::{alarms, crash, watchdog};
use vh_host::host_queue;
use vh_host::hub;
use vh_host::native::CallbackTable;
use vh_host::sql;

/// `w_Begin`: starts Python and keeps the callback table.
pub fn begin(table: Option<CallbackTable>) -> Result<(), Error> {
    let Some(table) = table else {
        let message = "w_Begin was given no callback table (NULL): no script can run";
        return Err(Error::new(Code::Invalid, message));
    };
    interpreter::start().map_err(|reason| {
        let message = format!("Python cannot start, no script can run: {reason}");
        Error::new(Code::Unavailable, message)
    })?;
    hub::begin(table);
    sql::forget();
    advice::begin();
    watchdog::start();
    crash::install(interpreter::of_this_thread);
    host_queue::open(|serial| SCRIPTS.run_jobs(serial));
    Ok(())
}

/// `w_End`: unloads every script, ends every back end, and forgets the callback table.
pub fn end() {
    SCRIPTS.unload_all();
    backends::terminate_all_or_told();
    alarms::clear();
    watchdog::stop();
    crash::uninstall();
    host_queue::close();
    hub::end();
    sql::forget();
    log::flush();
}
