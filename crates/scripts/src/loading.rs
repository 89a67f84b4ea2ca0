//! Loading a script, or putting a stub in its place.

use std::path::Path;
use std::sync::Arc;

use super::runtime::Runtime;
use super::slots::Released;
use super::stubs::Known;
use super::{Body, Registry, Resident, watch_alarms};
use vh_core::error::{Code, Error};
use vh_core::panics::{self, point, strike};
use vh_guard::alarms::{self, Alarm};
use vh_guard::answers::{NotLoaded, Obstacle};
use vh_guard::current::running_for;
use vh_guard::script::{Request, ScriptInfo};
use vh_guard::settings::Settings;
use vh_guard::{crash, directory, memory};
use vh_host::host_functions::Registered;
use vh_host::hub;
use vh_host::on_error;

/// The result of a load.
#[derive(Debug)]
pub struct LoadReply {
    /// The id; None when neither a script nor a stub has it.
    pub id: Option<i32>,
    /// Why the script is not loaded. When there is an id too, a stub stands in for the script.
    pub error: Option<Error>,
}

impl From<Error> for LoadReply {
    fn from(error: Error) -> LoadReply {
        LoadReply { id: None, error: Some(error) }
    }
}

impl<R: Runtime> Registry<R> {
    /// Loads a script under the id that was reserved for it.
    pub fn load(&'static self, request: Request) -> LoadReply {
        self.look_again();
        let id = request.id;
        if !hub::is_there() {
            self.release(id);
            let message = "w_Load was called before w_Begin or after w_End: no script can run";
            return Error::new(Code::Unavailable, message).into();
        }
        let Some(mut loading) = Loading::start(self, id) else {
            let message = format!(
                "w_Load was given the id {id}, which is not reserved: reserve one with w_ReserveID"
            );
            return Error::new(Code::Invalid, message).into();
        };
        // The encoding is asked for again, here, where no interpreter is entered.
        hub::forget_encoding();
        hub::encoding(id);
        // A script that cannot be read counts as an empty text.
        let read = read_file(&request.path);
        let source = read.as_deref().unwrap_or_default();
        let mut settings = Settings::read(&request.label(), source);
        if read.is_err() {
            settings.on_error = self.stubs.known(&request.path).on_error;
        }
        let listening = &self.listening[id as usize];
        let functions = Arc::clone(&loading.functions);
        let script = ScriptInfo::new(request, settings, functions, listening);
        loading.script = Some(Arc::clone(&script));
        directory::add(&script);
        let readable = read.as_ref().map(drop).map_err(|error| unreadable(&script, error));
        match run_contained(&loading, &script, source, readable) {
            Ok(runs) => {
                alarms::lower(script.path());
                let hooks = runs.hooks();
                let known = Known { on_error: script.settings.on_error, hooks };
                self.stubs.remember(script.path(), known);
                go_live(loading, script, Body::Runs(runs), hooks).unwrap_or_else(LoadReply::from)
            }
            Err(why) => stand_in(loading, script, source, why),
        }
    }

    /// A load has failed because its block cannot be read: the id is freed, if the block at least tells which
    /// one it is.
    pub fn give_up_loading(&self, id: Option<i32>) {
        self.look_again();
        if let Some(id) = id {
            self.release(id);
        }
    }

    /// Frees an id that has no live script; if the script is being loaded, that happens afterwards. True when
    /// somebody had the id.
    pub(super) fn release(&self, id: i32) -> bool {
        // Dropping it gives the functions' data back to the host, so no lock is held here.
        let released = self.slots.write().release(id);
        !matches!(released, Released::Unknown)
    }
}

/// Reads a script. Refuses what is no regular file, such as a pipe, for that could keep the hub waiting.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let kind = std::fs::metadata(path)?;
    if kind.is_dir() || kind.is_file() {
        return std::fs::read(path);
    }
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file"))
}

/// Why a script is not loaded that cannot be read.
fn unreadable(script: &ScriptInfo, error: &std::io::Error) -> NotLoaded {
    let message = format!("the script {} cannot be read: {error}", script.path().display());
    let reason = format!("it cannot be read: {error}");
    let error = Error::new(Code::NotFound, message).about(&script.label).tell();
    NotLoaded { error, reason, obstacle: Obstacle::Failure }
}

/// Does what `run` does. After a fault of the library the script is not loaded either.
fn run_contained<R: Runtime>(
    loading: &Loading<R>,
    script: &Arc<ScriptInfo>,
    source: &[u8],
    readable: Result<(), NotLoaded>,
) -> Result<R, NotLoaded> {
    let caught =
        panics::catch(point!("loading a script"), || run(loading, script, source, readable));
    caught.unwrap_or_else(|caught| {
        let consequence = "the script is not loaded";
        caught.tell(consequence);
        let error = Error::new(Code::Internal, caught.line(consequence)).told();
        let reason = "the library has a fault, which the log tells".to_owned();
        Err(NotLoaded { error, reason, obstacle: Obstacle::Failure })
    })
}

/// Runs the top level of a script. Meanwhile its hooks refuse, if the script asks for that, or asked for it
/// when it last could be read.
fn run<R: Runtime>(
    loading: &Loading<R>,
    script: &Arc<ScriptInfo>,
    source: &[u8],
    readable: Result<(), NotLoaded>,
) -> Result<R, NotLoaded> {
    let settings = &script.settings;
    if settings.on_error.asks() {
        let hooks = loading.registry.stubs.hooks_of(script.path(), source, R::hooks_in);
        loading.refuse_meanwhile(settings.on_error.among(hooks));
    }
    readable?;
    if let Some(reason) = &settings.wrong_on_error {
        return Err(NotLoaded::told(script, reason.clone(), Obstacle::Settings));
    }
    if let Some((reason, error)) = crash::reason_to_hold_back(script) {
        return Err(NotLoaded { error, reason, obstacle: Obstacle::Crash });
    }
    let memory = memory::Alone::start(script);
    let runs = running_for(script, || R::load(script, source))?;
    strike!("a script was loaded");
    memory.loaded();
    tracing::info!(
        script = %script.label,
        "loaded from {}; the process grew by {} KiB",
        script.path().display(),
        script.memory.at_load() / 1024
    );
    Ok(runs)
}

/// Makes the script live. It is an error when somebody asked for its unload meanwhile.
fn go_live<R: Runtime>(
    mut loading: Loading<R>,
    script: Arc<ScriptInfo>,
    body: Body<R>,
    hooks: u64,
) -> Result<LoadReply, Error> {
    let (registry, id, serial) = (loading.registry, script.id, script.serial);
    if loading.finish(script, body, hooks) {
        // This finds the script, which is live.
        let _ = registry.unload(id);
        let message = format!("script {id} was unloaded while it was loading");
        return Err(Error::new(Code::Closed, message).told());
    }
    watch_alarms();
    // Runs the jobs that the top level gave to `vh.run_in_host`, when they could not run yet.
    registry.run_jobs(serial);
    Ok(LoadReply { id: Some(id), error: None })
}

/// Puts a stub in the place of a script that cannot run, if the script is to refuse, or if it would be missed
/// by everybody who does not read the log. Between `w_Unload` and `w_Load` nothing can answer for a script,
/// because hubs ask by its id. Hubs reload in one command, though, in which they handle no other event.
fn stand_in<R: Runtime>(
    loading: Loading<R>,
    script: Arc<ScriptInfo>,
    source: &[u8],
    why: NotLoaded,
) -> LoadReply {
    let on_error = script.settings.on_error;
    let has_stub = why.leaves_stub(on_error);
    if !has_stub && why.obstacle != Obstacle::Crash {
        return why.error.into();
    }
    let stubs = &loading.registry.stubs;
    let hooks = if has_stub { stubs.hooks_of(script.path(), source, R::hooks_in) } else { 0 };
    let refused = on_error.among(hooks);
    let refusing = on_error::hooks_in(refused).map(|hook| hook.text).collect::<Vec<_>>().join(", ");
    if script.settings.tell_operators {
        let (path, reason) = (script.path().to_path_buf(), why.reason.clone());
        alarms::raise(Alarm { path, reason, refusing: refusing.clone() });
    }
    if !has_stub {
        // The id is freed before another script is asked to tell operators.
        drop(loading);
        watch_alarms();
        return why.error.into();
    }
    let does = match refusing.as_str() {
        "" => "lets everything pass".to_owned(),
        hooks => format!("refuses everything in {hooks}"),
    };
    tracing::error!(
        script = %script.label,
        "a stub stands in for it, which {does}; load it again when it can run"
    );
    // After a fault threads of the script may still run.
    script.close();
    script.becomes_stub();
    let hooks = hooks | refused;
    match go_live(loading, script, Body::Stub(hooks), hooks) {
        Ok(LoadReply { id, .. }) => LoadReply { id, error: Some(why.error) },
        Err(unwanted) => unwanted.into(),
    }
}

/// An id whose script is being loaded. When this is dropped before the load has finished, the id is freed.
struct Loading<R: Runtime> {
    registry: &'static Registry<R>,
    id: i32,
    functions: Arc<Registered>,
    /// The script, once there is one.
    script: Option<Arc<ScriptInfo>>,
    finished: bool,
}

impl<R: Runtime> Loading<R> {
    /// Turns a reserved id into a loading one.
    fn start(registry: &'static Registry<R>, id: i32) -> Option<Loading<R>> {
        let functions = registry.slots.write().start_loading(id)?;
        Some(Loading { registry, id, functions, script: None, finished: false })
    }

    /// Lets these hooks refuse from now on.
    fn refuse_meanwhile(&self, hooks: u64) {
        let listening = &self.registry.listening[self.id as usize];
        listening.set_refusing(hooks);
        listening.set_wanted(hooks);
    }

    /// Makes the script live, with these hooks. True when its unload was asked for meanwhile.
    fn finish(&mut self, script: Arc<ScriptInfo>, body: Body<R>, hooks: u64) -> bool {
        self.finished = true;
        let registry = self.registry;
        script.listening.set_refusing(script.settings.on_error.among(hooks));
        let mut slots = registry.slots.write();
        let unwanted = slots.becomes_live(Arc::clone(&script));
        let resident = Resident { registry, script: Arc::clone(&script), body };
        registry.residents[self.id as usize].put(Box::new(resident));
        script.listening.set_wanted(hooks);
        unwanted
    }
}

impl<R: Runtime> Drop for Loading<R> {
    fn drop(&mut self) {
        if !self.finished {
            // After a panic threads of the script may still run.
            if let Some(script) = &self.script {
                script.close();
            }
            self.registry.free(self.id);
            self.functions.clear();
        }
    }
}
