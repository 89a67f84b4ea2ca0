//! `w_Begin` and `w_End`: connect the library to a host, with Python running, and disconnect it again.

use crate::abi::host::CallbackTable;
use crate::error::{Code, Error};
use crate::guard::{alarms, crash, watchdog};
use crate::python::{advice, interpreter};
use crate::verbs::SCRIPTS;
use crate::{host_queue, hub, log, sql};

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

/// `w_End`: unloads every script and forgets the callback table.
pub fn end() {
    SCRIPTS.unload_all();
    alarms::clear();
    watchdog::stop();
    crash::uninstall();
    host_queue::close();
    hub::end();
    sql::forget();
    log::flush();
}
