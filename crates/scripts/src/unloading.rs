//! Unloading scripts, once nobody is inside them any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::runtime::Runtime;
use super::{Body, Registry, Resident, serve_threads, watch_alarms};
use vh_core::clock;
use vh_core::error::{Code, Error};
use vh_core::panics::{contain, point};
use vh_core::revocable::{self, Revocable};
use vh_guard::current::{self, running_for};
use vh_guard::script::ScriptInfo;
use vh_guard::settings::unload_time;
use vh_guard::{alarms, memory, output};

impl<R: Runtime> Registry<R> {
    /// Unloads a script. Gives what its `UnLoad()` raised, if that has run when this returns. From inside a call of the script itself, the unload happens when that call has
    /// returned.
    pub fn unload(&'static self, id: i32) -> Result<Option<Error>, Error> {
        self.look_again();
        let Some(script) = self.start_draining(id) else {
            return match self.release(id) {
                true => Ok(None),
                // Hubs unload ids that have no script; the log need not tell.
                false => {
                    let message = format!("w_Unload({id}): no script has this id");
                    Err(Error::new(Code::NotFound, message).told())
                }
            };
        };
        let taken = self.residents[id as usize].revoke();
        tell_of_barriers();
        match taken {
            Some(resident) => Ok(finish(resident)),
            None if current::is_inside(&script) => Ok(None),
            None => Ok(self.wait_until_gone(&script)),
        }
    }

    /// What every load and unload begins with.
    pub(super) fn look_again(&self) {
        serve_threads();
        R::look_again();
        self.take_again();
    }

    /// Marks the script as draining: from now on nobody finds it.
    fn start_draining(&self, id: i32) -> Option<Arc<ScriptInfo>> {
        let mut slots = self.slots.write();
        let script = slots.start_draining(id)?;
        // Until the script is gone, its hooks refuse, if it asks for that.
        script.listening.only_refuse();
        Some(script)
    }

    /// Waits for calls on other threads, the last of which ends the script.
    fn wait_until_gone(&self, script: &ScriptInfo) -> Option<Error> {
        let deadline = Instant::now() + unload_time();
        while !script.is_gone() {
            if let Some(resident) = self.residents[script.id as usize].take_again() {
                return finish(resident);
            }
            if Instant::now() >= deadline {
                tracing::warn!(
                    script = %script.label,
                    "is still being called on another thread; it is unloaded when that call returns"
                );
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Ends scripts that are still there although nobody is inside, because that was not certain when the
    /// last one left.
    pub(super) fn take_again(&self) {
        let count = self.slots.read().count();
        self.residents[..count].iter().filter_map(Revocable::take_again).for_each(finish_late);
    }

    /// Unloads every script and frees every id that can be freed.
    pub fn unload_all(&'static self) {
        let count = self.slots.read().count();
        for id in 0..count {
            // It is an error for ids that nobody has, which need no unload.
            let _ = self.unload(id as i32);
        }
        revocable::wait_for_certainty();
        self.take_again();
        self.stubs.forget_all();
    }

    /// Frees an id, which nobody has any more.
    pub(super) fn free(&self, id: i32) {
        self.listening[id as usize].clear();
        self.slots.write().free(id);
    }
}

/// Logs once that the kernel refuses memory barriers, which costs each call a little.
fn tell_of_barriers() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if revocable::barriers_were_refused() && !TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "the kernel refuses the system call membarrier by now, as under a filter: calls of scripts cost \
             a memory barrier each, and unloading takes longer"
        );
    }
}

/// Ends a drained script for whoever leaves it last: that call has an outcome of its own.
pub(super) fn finish_late<R: Runtime>(resident: Box<Resident<R>>) {
    drop(finish(resident));
}

/// Ends a drained script and frees its id. Gives what its `UnLoad()` raised.
///
/// It may run while the panic of a call unwinds, where a second panic would end the process; so it contains
/// its own.
#[allow(clippy::boxed_local, reason = "the shape it is handed over in")]
fn finish<R: Runtime>(resident: Box<Resident<R>>) -> Option<Error> {
    let Resident { registry, script, body } = *resident;
    let mut error = None;
    contain(point!("unloading a script"), || {
        let Body::Runs(runs) = body else { return alarms::lower(script.path()) };
        let _memory = memory::Alone::start(&script);
        let deadline = Instant::now() + unload_time();
        error = running_for(&script, || runs.unload(&script, deadline));
    });
    // Whatever failed above, the script must be gone in the end.
    script.close();
    script.functions.clear();
    contain(point!("summing a script up"), || {
        script.entry_points.sum_up(clock::ticking(), true);
        output::tell_dropped(&script, clock::ticking(), true);
    });
    script.set_gone();
    registry.free(script.id);
    watch_alarms();
    tracing::info!(script = %script.label, "unloaded");
    error
}
