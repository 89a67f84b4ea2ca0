//! The registry of scripts: ids, and the one place where a script's state changes.
//!
//! reserved → loading → live → draining → gone. A call into a live script is counted; draining
//! starts by refusing new calls and ends when the last counted one returns, so a script may ask
//! for its own unload from inside a call. No lock is held while Python or the host runs.

use std::cell::Cell;
use std::ffi::{OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use crate::abi::host;
use crate::abi::types::w_Targs;
use crate::door::{self, Door, Inside};
use crate::guard::alarms::{self, Alarm};
use crate::guard::{Callees, Profile, crash, memory, notices, registry};
use crate::hooks::{self, HOOKS, Hook, ON_SCRIPT_COMMAND, ON_SET_CONFIG, ON_TIMER, ON_USER_LOGIN};
use crate::host_functions::Registered;
use crate::hub;
use crate::last_error::{self, Code, Error};
use crate::log::plain;
use crate::on_error::{self, OnError};
use crate::panics::{self, contain, point, strike};
use crate::python::load::{self, Loaded};
use crate::python::{call, ending, output};
use crate::stubs::{self, Cause, Known, NotLoaded};
use crate::targs::{self, Item, Malformed, View};
use crate::{carry, clock};

/// How many scripts a process can have at once.
const MAX_SCRIPTS: usize = 4096;
/// How long calls of a script's own threads are answered from the beginning of its `UnLoad()` on.
const PARTING: Duration = Duration::from_secs(1);

/// Which hooks each script has, a bit each; what `w_HasHook` reads.
static HOOK_BITS: [AtomicU64; MAX_SCRIPTS] = [const { AtomicU64::new(0) }; MAX_SCRIPTS];
/// Which of them refuse while nobody can run them: while the script is loaded or unloaded, when a stub
/// stands in for it, after a fault of the library.
static REFUSALS: [AtomicU64; MAX_SCRIPTS] = [const { AtomicU64::new(0) }; MAX_SCRIPTS];

static SLOTS: RwLock<Vec<Slot>> = RwLock::new(Vec::new());

/// What an id is used for.
enum Slot {
    Free,
    /// Its functions may be registered already.
    Reserved(Arc<Registered>),
    Loading {
        functions: Arc<Registered>,
        /// Somebody asked for the unload meanwhile: it is done once the script has loaded.
        unwanted: bool,
    },
    /// Its door is open.
    Live(Arc<Context>),
    /// Unloading; the last call into it ends it.
    Draining,
}

/// What a script is, apart from Python.
#[derive(Debug)]
pub struct Context {
    /// Its id; used again after it is unloaded.
    pub id: i32,
    /// Its number among all scripts ever loaded.
    pub serial: u64,
    /// `id:name`, for the log.
    pub label: String,
    /// What is known of it for guarding it.
    pub profile: Arc<Profile>,
    /// Its hooks and functions, as far as they were called.
    pub callees: Callees,
    path: PathBuf,
    /// The hub's configuration folder.
    pub config_dir: Option<Vec<u8>>,
    /// Name of the hub's configuration.
    pub config_name: Option<Vec<u8>>,
    /// When the hub started, in unix seconds.
    pub start_time: i64,
    nicks: Mutex<Nicks>,
    /// What the host registered for it.
    pub functions: Arc<Registered>,
    /// When its own threads may not call the hub any more, once the hub's thread says goodbye.
    parts_at: OnceLock<Instant>,
    /// Set when they may not in any case.
    leaving: AtomicBool,
    /// Set when nothing of it may call the hub any more.
    closed: AtomicBool,
    /// Set when nothing of it is left in the registry.
    gone: AtomicBool,
    /// Hooks whose unusable results were told, a bit each.
    told: AtomicU64,
}

/// Nicks of the hub's own bots; the hub may rename them.
#[derive(Debug, Default)]
struct Nicks {
    bot: Option<Vec<u8>>,
    op_chat: Option<Vec<u8>>,
}

impl Context {
    /// Path of the script's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, as the bytes the host passed.
    pub fn path_bytes(&self) -> &[u8] {
        self.path.as_os_str().as_bytes()
    }

    /// The file's name.
    pub fn name_bytes(&self) -> &[u8] {
        self.path.file_name().unwrap_or(self.path.as_os_str()).as_bytes()
    }

    /// Nick of the hub's bot.
    pub fn bot_nick(&self) -> Option<Vec<u8>> {
        self.nicks.lock().bot.clone()
    }

    /// Nick of the operators' chat.
    pub fn op_chat_nick(&self) -> Option<Vec<u8>> {
        self.nicks.lock().op_chat.clone()
    }

    /// Logs an unusable result of a hook, the first time only.
    pub fn complain_once(&self, hook: usize, message: impl FnOnce() -> String) {
        let bit = 1 << hook;
        if self.told.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(script = %self.label, "{}", message());
        }
    }

    /// `UnLoad()` is called: for a while calls of its own threads are still answered, whenever it waits,
    /// then they are refused, for it may wait for those threads.
    pub fn part(&self) {
        self.parts_at.get_or_init(|| Instant::now() + PARTING);
    }

    /// Whether it says goodbye.
    pub fn is_parting(&self) -> bool {
        self.parts_at.get().is_some()
    }

    /// Whether its own threads may not call the hub any more.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
            || self.parts_at.get().is_some_and(|&end| Instant::now() >= end)
    }

    /// From now on calls of its own threads are refused.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        carry::close_script(self.serial);
    }

    /// Whether nothing of it may call the hub any more.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Keeps everything of it from calling the hub.
    pub fn close(&self) {
        self.leave();
        self.closed.store(true, Ordering::Release);
    }
}

/// A loaded script.
struct Script {
    context: Arc<Context>,
    body: Body,
}

/// What answers its calls.
#[expect(clippy::large_enum_variant, reason = "a box would be one more step on a call's way")]
enum Body {
    /// The script.
    Runs(Loaded),
    /// Nothing: it cannot run. A stub stands in for it, with these hooks, a bit each.
    Stub(u64),
}

/// The way into each live script. Calls go in and out without a lock.
static DOORS: [Door<Script>; MAX_SCRIPTS] = [const { Door::closed(finish) }; MAX_SCRIPTS];

/// Enters a live script, so that it stays loaded; None when there is none with this id.
#[inline]
fn enter(id: c_int) -> Option<Inside<'static, Script>> {
    DOORS.get(usize::try_from(id).ok()?)?.enter()
}

/// A script a thread runs for, and the one it ran for before.
struct Running<'r> {
    context: &'r Arc<Context>,
    outer: *const Running<'static>,
}

thread_local! {
    /// What this thread runs for, innermost. Each one is on the stack of `running_for`.
    static INNERMOST: Cell<*const Running<'static>> = const { Cell::new(ptr::null()) };
}

/// This thread runs for a script while `body` does.
fn running_for<R>(context: &Arc<Context>, body: impl FnOnce() -> R) -> R {
    struct Left(*const Running<'static>);
    impl Drop for Left {
        fn drop(&mut self) {
            INNERMOST.set(self.0);
        }
    }
    let outer = INNERMOST.get();
    let running = Running { context, outer };
    INNERMOST.set((&raw const running).cast());
    let _left = Left(outer);
    body()
}

/// The scripts this thread runs for, innermost first.
fn inside() -> impl Iterator<Item = Arc<Context>> {
    let mut next = INNERMOST.get();
    std::iter::from_fn(move || {
        // SAFETY: NULL, or on the stack of a `running_for` that has not returned.
        let running = unsafe { next.as_ref() }?;
        next = running.outer;
        Some(Arc::clone(running.context))
    })
}

/// The script this thread runs for.
pub fn current() -> Option<Arc<Context>> {
    inside().next()
}

/// `w_ReserveID`.
pub fn reserve() -> c_int {
    let mut slots = SLOTS.write();
    let free = slots.iter().position(|slot| matches!(slot, Slot::Free)).unwrap_or(slots.len());
    if free >= MAX_SCRIPTS {
        drop(slots);
        let message =
            format!("all {MAX_SCRIPTS} script ids are in use: no further script can be loaded");
        last_error::fail(Code::Busy, "", message);
        return -1;
    }
    let reserved = Slot::Reserved(Arc::default());
    if free == slots.len() {
        slots.push(reserved);
    } else {
        slots[free] = reserved;
    }
    free as c_int
}

/// The functions registered for an id that is in use.
pub fn registered_functions(id: c_int) -> Option<Arc<Registered>> {
    match SLOTS.read().get(usize::try_from(id).ok()?)? {
        Slot::Reserved(functions) | Slot::Loading { functions, .. } => Some(Arc::clone(functions)),
        Slot::Live(context) => Some(Arc::clone(&context.functions)),
        Slot::Free | Slot::Draining => None,
    }
}

/// `w_Find`.
pub fn find(path_or_name: &[u8]) -> c_int {
    serve_threads();
    let slots = SLOTS.read();
    let first = |is_it: &dyn Fn(&Context) -> bool| {
        slots.iter().position(|slot| matches!(slot, Slot::Live(context) if is_it(context)))
    };
    let by_path = || first(&|context| context.path_bytes() == path_or_name);
    let by_name = || first(&|context| context.name_bytes() == path_or_name);
    by_path().or_else(by_name).map_or(-1, |id| id as c_int)
}

/// `w_HasHook`.
pub fn has_hook(id: c_int, hook: c_int) -> bool {
    serve_threads();
    listens(id, hook)
}

fn listens(id: c_int, hook: c_int) -> bool {
    let bits = usize::try_from(id).ok().and_then(|id| HOOK_BITS.get(id));
    match (bits, usize::try_from(hook)) {
        (Some(bits), Ok(hook @ 0..64)) => bits.load(Ordering::Relaxed) & (1 << hook) != 0,
        _ => false,
    }
}

/// Answers `vh` calls of scripts' own threads; at every entry of the host and when it leaves.
fn serve_threads() {
    if carry::is_pending() {
        carry::serve();
    }
}

/// From now on the hub is told that this script wants `OnTimer`, so that its coroutines go on.
pub fn listen_to_timer(id: c_int) {
    HOOK_BITS[id as usize].fetch_or(1 << ON_TIMER, Ordering::Release);
}

/// When there are scripts that do not run, operators hear of it after calls of the first one that is
/// live; the hub is to tell it the time and of logins.
pub fn watch_alarms() {
    if alarms::any()
        && let Some(first) = first_live()
    {
        first.profile.notices().watch_alarms();
        let wanted = 1 << ON_TIMER | 1 << ON_USER_LOGIN;
        HOOK_BITS[first.id as usize].fetch_or(wanted, Ordering::Release);
    }
}

/// The loaded script with the lowest id.
pub fn first_live() -> Option<Arc<Context>> {
    SLOTS.read().iter().find_map(|slot| match slot {
        Slot::Live(context) => Some(Arc::clone(context)),
        _ => None,
    })
}

/// Every loaded script, in the order of their ids.
pub fn live() -> Vec<Arc<Context>> {
    let slots = SLOTS.read();
    let live = slots.iter().filter_map(|slot| match slot {
        Slot::Live(context) => Some(Arc::clone(context)),
        _ => None,
    });
    live.collect()
}

/// The script with this serial, if it is loading or loaded.
pub fn with_serial(serial: u64) -> Option<Arc<Context>> {
    SLOTS.read().iter().find_map(|slot| match slot {
        Slot::Live(context) if context.serial == serial => Some(Arc::clone(context)),
        _ => None,
    })
}

/// Runs what a script gave to `vh.run_in_host`.
pub fn run_jobs(serial: u64) {
    if let Some(inside) = with_serial(serial).and_then(|context| enter(context.id)) {
        let Script { context, body: Body::Runs(loaded) } = inside.behind() else { return };
        running_for(context, || {
            call::jobs(loaded, context);
            notices::say(context);
        });
    }
}

/// `w_Load`.
///
/// # Safety
/// `args` is NULL or a live block with its strings.
pub unsafe fn load(args: *const w_Targs) -> c_int {
    serve_threads();
    ending::look_again();
    take_again();
    // SAFETY: by contract.
    let view = unsafe { View::new(args) };
    let request = view.and_then(|view| {
        Request::read(&view).inspect_err(|_| {
            // On failure the id is free again, as far as the block tells which it is.
            if let Some(Item::Int(id)) = view.items().next() {
                release_reserved(id as c_int);
            }
        })
    });
    let request = match request {
        Ok(request) => request,
        Err(Malformed(reason)) => {
            let message = format!("w_Load needs a block of the format \"lssssls\": {reason}");
            last_error::fail(Code::Invalid, "", message);
            return -1;
        }
    };
    let id = request.id;
    if !hub::is_there() {
        let message = "w_Load was called before w_Begin or after w_End: no script can run";
        last_error::fail(Code::Unavailable, "", message.to_owned());
        release_reserved(id);
        return -1;
    }
    let Some(mut loading) = Loading::start(id) else {
        let message = format!(
            "w_Load was given the id {id}, which is not reserved: reserve one with w_ReserveID"
        );
        last_error::fail(Code::Invalid, "", message);
        return -1;
    };
    let context = Arc::new(request.into_context(Arc::clone(&loading.functions)));
    loading.context = Some(Arc::clone(&context));
    // The encoding is asked for anew, and while no interpreter is entered.
    hub::forget_encoding();
    hub::encoding(id);
    // What cannot be read has no text.
    let (source, unreadable) = match load::read(&context) {
        Ok(source) => (source, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    match run_contained(&loading, &context, &source, unreadable) {
        Ok(loaded) => {
            alarms::lower(context.path());
            let hooks = loaded.hook_bits();
            let on_error = context.profile.on_error();
            stubs::remember(context.path(), Known { on_error, hooks });
            go_live(loading, context, Body::Runs(loaded), hooks)
        }
        Err(why) => stand_in(loading, context, &source, &why),
    }
}

/// The same as `run`; a fault of the library is a reason too not to be loaded.
fn run_contained(
    loading: &Loading,
    context: &Arc<Context>,
    source: &[u8],
    unreadable: Option<NotLoaded>,
) -> Result<Loaded, NotLoaded> {
    let caught =
        panics::catch(point!("loading a script"), || run(loading, context, source, unreadable));
    caught.unwrap_or_else(|caught| {
        let consequence = "the script is not loaded";
        caught.tell(consequence);
        let message = caught.line(consequence);
        last_error::set(Error { code: Code::Internal, message, exception: None });
        Err(NotLoaded::by_failure("the library has a fault, which the log tells".to_owned()))
    })
}

/// Runs the top level of a script. Meanwhile its hooks refuse, if it asks for that, or asked for it when
/// it could be read.
fn run(
    loading: &Loading,
    context: &Arc<Context>,
    source: &[u8],
    unreadable: Option<NotLoaded>,
) -> Result<Loaded, NotLoaded> {
    let (on_error, wrong) = match unreadable {
        None => OnError::read(source),
        Some(_) => (stubs::known(context.path()).on_error, None),
    };
    context.profile.note_wishes(source, on_error);
    if on_error.asks() {
        loading.refuse_meanwhile(on_error.among(stubs::hooks_of(context.path(), source)));
    }
    if let Some(why) = unreadable {
        return Err(why);
    }
    if let Some(reason) = wrong {
        let why = NotLoaded::by_settings(reason);
        load::tell(context, &why);
        return Err(why);
    }
    if let Some(reason) = crash::reason_to_hold_back(context) {
        return Err(NotLoaded { reason, cause: Cause::Crash });
    }
    registry::add(context);
    let memory = memory::Alone::start(context);
    let loaded = running_for(context, || load::load(context, source))?;
    strike!("a script was loaded");
    memory.loaded();
    tracing::info!(
        script = %context.label,
        "loaded from {}; the process grew by {} KiB",
        context.path().display(),
        context.profile.memory.at_load() / 1024
    );
    Ok(loaded)
}

/// The id of a script that is live from now on, or -1 when its unload was asked for meanwhile.
fn go_live(mut loading: Loading, context: Arc<Context>, body: Body, hooks: u64) -> c_int {
    let (id, serial) = (context.id, context.serial);
    if loading.finish(context, body, hooks) {
        unload(id);
        let message = format!("script {id} was unloaded while it was loading");
        last_error::set(Error { code: Code::Closed, message, exception: None });
        return -1;
    }
    watch_alarms();
    // The top level may have given some, when nobody could run them yet.
    run_jobs(serial);
    id
}

/// A script cannot run: a stub is live in its place, if it is to refuse or would be missed by all who
/// do not read the log.
fn stand_in(loading: Loading, context: Arc<Context>, source: &[u8], why: &NotLoaded) -> c_int {
    let on_error = context.profile.on_error();
    let has_stub = why.leaves_stub(on_error);
    if !has_stub && why.cause != Cause::Crash {
        return -1;
    }
    let hooks = if has_stub { stubs::hooks_of(context.path(), source) } else { 0 };
    let refused = on_error.among(hooks);
    let refusing = on_error::hooks_in(refused).map(|hook| hook.text).collect::<Vec<_>>().join(", ");
    if context.profile.tells_operators(source) {
        let (path, reason) = (context.path().to_path_buf(), why.reason.clone());
        alarms::raise(Alarm { path, reason, refusing: refusing.clone() });
    }
    if !has_stub {
        // The id is free before another script is asked to tell of it.
        drop(loading);
        watch_alarms();
        return -1;
    }
    let does = match refusing.as_str() {
        "" => "lets everything pass".to_owned(),
        hooks => format!("refuses everything in {hooks}"),
    };
    tracing::error!(
        script = %context.label,
        "a stub stands in for it, which {does}; load it again when it can run"
    );
    // After a fault threads of it may still run.
    context.close();
    context.profile.becomes_stub();
    let hooks = hooks | refused;
    go_live(loading, context, Body::Stub(hooks), hooks)
}

/// An id whose script is being loaded; unless that is finished, the id is free again.
struct Loading {
    id: c_int,
    functions: Arc<Registered>,
    /// Once there is one.
    context: Option<Arc<Context>>,
    finished: bool,
}

impl Loading {
    /// Turns a reserved id into a loading one.
    fn start(id: c_int) -> Option<Loading> {
        let mut slots = SLOTS.write();
        let slot = slots.get_mut(usize::try_from(id).ok()?)?;
        let Slot::Reserved(functions) = slot else { return None };
        let functions = Arc::clone(functions);
        *slot = Slot::Loading { functions: Arc::clone(&functions), unwanted: false };
        Some(Loading { id, functions, context: None, finished: false })
    }

    /// From now on these hooks refuse.
    fn refuse_meanwhile(&self, hooks: u64) {
        let id = self.id as usize;
        REFUSALS[id].store(hooks, Ordering::Release);
        HOOK_BITS[id].store(hooks, Ordering::Release);
    }

    /// The script is live now, with these hooks. True when its unload was asked for meanwhile.
    fn finish(&mut self, context: Arc<Context>, body: Body, hooks: u64) -> bool {
        self.finished = true;
        let id = self.id as usize;
        REFUSALS[id].store(context.profile.on_error().among(hooks), Ordering::Release);
        let mut slots = SLOTS.write();
        let unwanted = matches!(slots[id], Slot::Loading { unwanted: true, .. });
        slots[id] = Slot::Live(Arc::clone(&context));
        DOORS[id].open(Box::new(Script { context, body }));
        HOOK_BITS[id].store(hooks, Ordering::Release);
        unwanted
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        if !self.finished {
            // After a panic threads of it may still run.
            if let Some(context) = &self.context {
                context.close();
            }
            free(self.id);
            self.functions.clear();
        }
    }
}

/// Nobody has this id any more.
fn free(id: c_int) {
    let id = id as usize;
    HOOK_BITS[id].store(0, Ordering::Release);
    REFUSALS[id].store(0, Ordering::Release);
    SLOTS.write()[id] = Slot::Free;
}

/// What `w_Load` is asked for.
struct Request {
    id: c_int,
    path: PathBuf,
    nicks: Nicks,
    config_dir: Option<Vec<u8>>,
    start_time: i64,
    config_name: Option<Vec<u8>>,
}

impl Request {
    fn read(view: &View) -> Result<Request, Malformed> {
        let items: Vec<_> = view.items().collect();
        let [
            Item::Int(id),
            Item::Text(path),
            Item::Text(bot),
            Item::Text(op_chat),
            Item::Text(config_dir),
            Item::Int(start_time),
            Item::Text(config_name),
        ] = items[..]
        else {
            let format = plain::quoted(view.format());
            return Err(Malformed(format!("the format is {format}")));
        };
        let Some(path) = path else { return Err(Malformed("the script path is NULL".into())) };
        let owned = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
        Ok(Request {
            // Hubs pass a plain int: the upper half of the long is undefined.
            id: id as c_int,
            path: OsStr::from_bytes(path).into(),
            nicks: Nicks { bot: owned(bot), op_chat: owned(op_chat) },
            config_dir: owned(config_dir),
            start_time,
            config_name: owned(config_name),
        })
    }

    fn into_context(self, functions: Arc<Registered>) -> Context {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        let label = format!("{}:{}", self.id, plain::line(&name));
        let profile = Arc::new(Profile::new(label.clone(), &self.path, self.config_dir.as_deref()));
        Context {
            id: self.id,
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            label,
            callees: Callees::new(&profile),
            profile,
            path: self.path,
            config_dir: self.config_dir,
            config_name: self.config_name,
            start_time: self.start_time,
            nicks: Mutex::new(self.nicks),
            functions,
            parts_at: OnceLock::new(),
            leaving: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            told: AtomicU64::new(0),
        }
    }
}

/// `w_Unload`: False for an unknown id. Inside a call of the script itself the unload happens when
/// that call has returned.
pub fn unload(id: c_int) -> bool {
    serve_threads();
    ending::look_again();
    take_again();
    let Some(context) = start_draining(id) else {
        let released = release_reserved(id);
        if !released {
            let message = format!("w_Unload({id}): no script has this id");
            last_error::set(Error { code: Code::NotFound, message, exception: None });
        }
        return released;
    };
    let taken = DOORS[id as usize].close();
    tell_of_barriers();
    match taken {
        Some(script) => finish(script),
        None if inside().any(|own| Arc::ptr_eq(&own, &context)) => {}
        None => wait_until_gone(&context),
    }
    true
}

/// Turns a live script into a draining one: from now on nobody finds it.
fn start_draining(id: c_int) -> Option<Arc<Context>> {
    let mut slots = SLOTS.write();
    let slot = slots.get_mut(usize::try_from(id).ok()?)?;
    let Slot::Live(context) = slot else { return None };
    let context = Arc::clone(context);
    // Until it is gone, what it would decide is refused, if it asks for that.
    let refusals = REFUSALS[id as usize].load(Ordering::Acquire);
    HOOK_BITS[id as usize].store(refusals, Ordering::Release);
    *slot = Slot::Draining;
    Some(context)
}

/// Frees an id that has no script yet; one whose script is loading right now follows later.
fn release_reserved(id: c_int) -> bool {
    let mut slots = SLOTS.write();
    let slot = usize::try_from(id).ok().and_then(|id| slots.get_mut(id));
    match slot {
        Some(slot @ Slot::Reserved(_)) => {
            let reserved = std::mem::replace(slot, Slot::Free);
            drop(slots);
            // The functions in it tell the host that they are given up.
            drop(reserved);
            true
        }
        Some(Slot::Loading { unwanted, .. }) => {
            *unwanted = true;
            true
        }
        _ => false,
    }
}

/// Waits for the calls on other threads; the last of them ends the script.
fn wait_until_gone(context: &Context) {
    let deadline = Instant::now() + ending::time();
    while !context.gone.load(Ordering::Acquire) {
        if let Some(script) = DOORS[context.id as usize].take_again() {
            return finish(script);
        }
        if Instant::now() >= deadline {
            tracing::warn!(
                script = %context.label,
                "is still being called on another thread; it is unloaded when that call returns"
            );
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Takes away scripts that nobody runs any more and that are still there, because it was not sure when the last
/// one left.
fn take_again() {
    let count = SLOTS.read().len();
    DOORS[..count].iter().filter_map(Door::take_again).for_each(finish);
}

/// Says once that the kernel refuses memory barriers, which costs each call a little.
fn tell_of_barriers() {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if door::barriers_were_refused() && !TOLD.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "the kernel refuses the system call membarrier by now, as under a filter: calls of scripts cost \
             a memory barrier each, and unloading takes longer"
        );
    }
}

/// Ends a drained script and frees its id.
///
/// It may be on the way out of a call that panicked, where a second panic would end the process.
#[allow(clippy::boxed_local, reason = "the shape a door hands it over in")]
fn finish(script: Box<Script>) {
    let Script { context, body } = *script;
    contain(point!("unloading a script"), || {
        let Body::Runs(loaded) = body else { return alarms::lower(context.path()) };
        let _memory = memory::Alone::start(&context);
        let deadline = Instant::now() + ending::time();
        running_for(&context, || ending::unload(loaded, &context, deadline));
    });
    // What could not be done must not keep the script from being gone.
    context.close();
    context.functions.clear();
    contain(point!("summing a script up"), || {
        context.callees.sum_up(clock::ticking(), true);
        output::tell_dropped(&context, clock::ticking(), true);
    });
    context.gone.store(true, Ordering::Release);
    free(context.id);
    watch_alarms();
    tracing::info!(script = %context.label, "unloaded");
}

/// Unloads every script and frees every id that can be freed.
pub fn unload_all() {
    let count = SLOTS.read().len();
    for id in 0..count {
        unload(id as c_int);
    }
    door::wait_for_certainty();
    take_again();
}

/// `w_CallHook`.
///
/// # Safety
/// `params` is NULL or a live block with its strings.
pub unsafe fn call_hook(id: c_int, hook: c_int, params: *const w_Targs) -> *mut w_Targs {
    let Some(row) = hooks::get(hook) else { return std::ptr::null_mut() };
    let number = hook as usize;
    serve_threads();
    let listens = listens(id, hook);
    // The library listens to two hooks itself, whether the script does or not.
    let result = if listens || number == ON_SCRIPT_COMMAND {
        // SAFETY: by contract.
        let params = unsafe { View::new(params) };
        if listens || params.is_ok() { call_counted(id, number, row, &params) } else { None }
    } else {
        None
    };
    if number == ON_SET_CONFIG {
        // The hub changes the value after this call; the next text asks for it.
        hub::forget_encoding();
    }
    result.map_or(std::ptr::null_mut(), targs::Block::into_raw)
}

fn call_counted(
    id: c_int,
    number: usize,
    row: &'static Hook,
    params: &Result<View, Malformed>,
) -> Option<targs::Block> {
    let Some(inside) = enter(id) else { return without_script(id, number, params) };
    let Script { context, body } = inside.behind();
    let loaded = match body {
        Body::Runs(loaded) => loaded,
        Body::Stub(hooks) => return stub_answer(context, *hooks, number, params),
    };
    let result = running_for(context, || {
        let encoding = hub::encoding(id);
        if let (ON_SCRIPT_COMMAND, Ok(view)) = (number, params) {
            take_new_nicks(view, context, loaded);
        }
        let result = call::hook(loaded, context, row, number, params, encoding);
        notices::say_after(context, number, params);
        result
    });
    serve_threads();
    result
}

/// What a hook answers when its script is being loaded or unloaded.
#[cold]
fn without_script(
    id: c_int,
    number: usize,
    params: &Result<View, Malformed>,
) -> Option<targs::Block> {
    if !refuses(id, number) {
        return None;
    }
    on_error::answer(true, number, params.as_ref().ok())
}

/// What a stub answers; None for hooks that its script does not have.
#[cold]
fn stub_answer(
    context: &Arc<Context>,
    hooks: u64,
    number: usize,
    params: &Result<View, Malformed>,
) -> Option<targs::Block> {
    running_for(context, || notices::say_after(context, number, params));
    if hooks & (1 << number) == 0 {
        return None;
    }
    on_error::answer(refuses(context.id, number), number, params.as_ref().ok())
}

/// Whether a hook refuses while nobody can run it.
fn refuses(id: c_int, number: usize) -> bool {
    let bits = usize::try_from(id).ok().and_then(|id| REFUSALS.get(id));
    bits.is_some_and(|bits| bits.load(Ordering::Acquire) & (1 << number) != 0)
}

/// What `w_CallHook` answers after a fault of the library.
#[cold]
pub fn after_fault(id: c_int, hook: c_int) -> *mut w_Targs {
    let number = hooks::get(hook).map(|_| hook as usize).filter(|&number| refuses(id, number));
    let refusal = number.and_then(|_| targs::Block::int(0));
    refusal.map_or(std::ptr::null_mut(), targs::Block::into_raw)
}

/// The hub tells that it renamed its bots by a script command from nobody.
fn take_new_nicks(view: &View, context: &Context, loaded: &Loaded) {
    let items: Vec<_> = view.items().collect();
    let [Item::Text(Some(command)), Item::Text(Some(nick)), Item::Text(plugin), Item::Text(script)] =
        items[..]
    else {
        return;
    };
    if !plugin.unwrap_or_default().is_empty() || !script.unwrap_or_default().is_empty() {
        return;
    }
    match command {
        b"_hub_security_change" => context.nicks.lock().bot = Some(nick.to_vec()),
        b"_opchat_name_change" => context.nicks.lock().op_chat = Some(nick.to_vec()),
        _ => return,
    }
    call::refresh_attributes(loaded, context);
}

/// `w_CallFunction`.
///
/// # Safety
/// `name` is NULL or a C string; `params` is NULL or a live block with its strings.
pub unsafe fn call_function(
    id: c_int,
    name: *const c_char,
    params: *const w_Targs,
) -> *mut w_Targs {
    // SAFETY: by contract.
    let name = unsafe { host::bytes(name) };
    let Some(name) = name else {
        let message = format!("w_CallFunction for script {id} was given no function name (NULL)");
        last_error::fail(Code::Invalid, "", message);
        return std::ptr::null_mut();
    };
    serve_threads();
    let Some(inside) = enter(id) else {
        let name = plain::quoted(name);
        let message = format!("w_CallFunction({id}, {name}): no script with this id is loaded");
        last_error::fail(Code::NotFound, "", message);
        return std::ptr::null_mut();
    };
    // SAFETY: by contract.
    let view = (!params.is_null()).then(|| unsafe { View::new(params) }).transpose();
    let Script { context, body } = inside.behind();
    let Body::Runs(loaded) = body else {
        let name = plain::quoted(name);
        let message =
            format!("{name} cannot be called: the script does not run, a stub stands in for it");
        last_error::fail(Code::Unavailable, &context.label, message);
        return std::ptr::null_mut();
    };
    let result = running_for(context, || {
        let result = call::function(loaded, context, name, &view, hub::encoding(id));
        notices::say(context);
        result
    });
    serve_threads();
    result.map_or(std::ptr::null_mut(), targs::Block::into_raw)
}

const _: () = assert!(HOOKS.len() <= 64, "HOOK_BITS has a bit for each hook");
