//! What the exported functions do once the pointers are read, where scripts run ([`Place`]), and what callers
//! did wrong, as errors for `w_LastError`.

use std::ffi::{OsStr, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::time::Instant;

use vh_core::error::{Code, Error};
use vh_core::hooks::{self, Hook};
use vh_core::log::plain;
use vh_core::text::Encoding;
use vh_cpython::{call, imports, init, load, unload};
use vh_guard::answers::{HookReply, NotLoaded};
use vh_guard::script::{Request, ScriptInfo};
use vh_host::host_functions::Function;
use vh_host::native::{HostFunction, OwningFunction};
use vh_host::on_error;
use vh_host::targs::{self, Block, Item, View};
use vh_scripts::{LoadReply, Registry, Runtime};
use vh_worker::script::Outside;

/// All scripts of this process.
pub static SCRIPTS: Registry<Place> = Registry::new();

/// Where a script runs. It is an enum and no trait object, so that no call of a script is virtual.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and a box would cost its calls a step"
)]
pub enum Place {
    /// It runs in an interpreter of this process.
    Inside(load::Loaded),
    /// It runs in a process of its own.
    Outside(Outside),
}

impl Runtime for Place {
    fn load(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Place, NotLoaded> {
        match load::runs_outside(script) {
            true => Outside::load(script, source, &init::python()).map(Place::Outside),
            false => load::load(script, source).map(Place::Inside),
        }
    }

    fn hooks(&self) -> u64 {
        match self {
            Place::Inside(loaded) => loaded.hook_bits(),
            Place::Outside(outside) => outside.hooks(),
        }
    }

    fn hooks_in(source: &[u8]) -> Option<u64> {
        let names = imports::defined_names(source)?;
        Some(hooks::bits(|hook| names.iter().any(|name| name == hook)))
    }

    #[inline]
    fn call_hook(
        &self,
        script: &ScriptInfo,
        hook: &Hook,
        params: &Result<View, Error>,
        encoding: &Encoding,
    ) -> HookReply {
        match self {
            Place::Inside(loaded) => call::hook(loaded, script, hook, params, encoding),
            Place::Outside(outside) => outside.call_hook(script, hook, params, encoding),
        }
    }

    #[inline]
    fn call(
        &self,
        script: &ScriptInfo,
        name: &[u8],
        params: &Result<Option<View>, Error>,
        encoding: &Encoding,
    ) -> Result<Block, Error> {
        match self {
            Place::Inside(loaded) => call::function(loaded, script, name, params, encoding),
            Place::Outside(outside) => outside.call(script, name, params, encoding),
        }
    }

    fn run_jobs(&self, script: &ScriptInfo) {
        match self {
            Place::Inside(loaded) => call::jobs(loaded, script),
            Place::Outside(outside) => outside.run_jobs(script),
        }
    }

    fn nicks_have_changed(&self, script: &ScriptInfo) {
        match self {
            Place::Inside(loaded) => call::refresh_attributes(loaded, script),
            Place::Outside(outside) => outside.nicks_have_changed(script),
        }
    }

    fn unload(self, script: &Arc<ScriptInfo>, deadline: Instant) -> Option<Error> {
        match self {
            Place::Inside(loaded) => unload::unload(loaded, script, deadline),
            Place::Outside(outside) => outside.unload(script, deadline),
        }
    }

    fn look_again() {
        unload::look_again();
    }
}

/// `w_Load`: the id or -1, and why the script does not run, if it does not.
pub fn load(block: Result<View, Error>) -> (c_int, Option<Error>) {
    let request = block.and_then(|block| {
        request(&block).inspect_err(|_| {
            SCRIPTS.give_up_loading(match block.items().next() {
                Some(Item::Int(id)) => Some(id as c_int),
                _ => None,
            });
        })
    });
    match request {
        Ok(request) => {
            let LoadReply { id, error } = SCRIPTS.load(request);
            (id.unwrap_or(-1), error)
        }
        Err(wrong) => {
            let reason = wrong.message();
            let message = format!("w_Load needs a block of the format \"lssssls\": {reason}");
            (-1, Some(Error::new(Code::Invalid, message)))
        }
    }
}

/// `w_Unload`: 1 and what `UnLoad()` raised, or 0 and why nothing is unloaded.
pub fn unload(id: c_int) -> (c_int, Option<Error>) {
    match SCRIPTS.unload(id) {
        Ok(error) => (1, error),
        Err(error) => (0, Some(error)),
    }
}

/// Reads the block that is passed to `w_Load`.
fn request(block: &View) -> Result<Request, Error> {
    let items: Vec<_> = block.items().collect();
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
        let format = plain::quoted(block.format());
        return Err(Error::new(Code::Invalid, format!("the format is {format}")));
    };
    let Some(path) = path else {
        return Err(Error::new(Code::Invalid, "the script path is NULL"));
    };
    let owned = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
    Ok(Request {
        // Hubs pass a plain int, so the upper half of the long is undefined.
        id: id as c_int,
        path: OsStr::from_bytes(path).into(),
        bot: owned(bot),
        op_chat: owned(op_chat),
        config_dir: owned(config_dir),
        start_time,
        config_name: owned(config_name),
    })
}

/// `w_CallHook`: the block, if there is one, and why the hook itself could not answer, if it could not.
pub fn call_hook(
    id: c_int,
    hook: c_int,
    params: &Result<View, Error>,
) -> (Option<Block>, Option<Error>) {
    let Some(hook) = hooks::get(hook) else { return (None, None) };
    let HookReply { block, error } = SCRIPTS.call_hook(id, hook, params);
    (block, error)
}

/// What `w_CallHook` answers after a fault of the library.
#[cold]
pub fn after_fault(id: c_int, hook: c_int) -> Option<Block> {
    let hook = hooks::get(hook)?;
    if SCRIPTS.refuses(id, hook.number) { on_error::answer(true, hook.number, None) } else { None }
}

/// `w_CallFunction`.
pub fn call_function(
    id: c_int,
    name: Option<&[u8]>,
    params: &Result<Option<View>, Error>,
) -> Result<Block, Error> {
    let Some(name) = name else {
        let message = format!("w_CallFunction for script {id} was given no function name (NULL)");
        return Err(Error::new(Code::Invalid, message));
    };
    SCRIPTS.call(id, name, params)
}

/// `w_RegisterFunction`.
pub fn register(
    id: c_int,
    name: Option<&[u8]>,
    function: Option<HostFunction>,
) -> Result<c_int, Error> {
    add("w_RegisterFunction", id, name, function.map(Function::Plain))
}

/// `w_RegisterFunctionEx`, which also refuses formats with unknown letters. A function that is refused is
/// dropped, which gives its data back.
pub fn register_owning(
    id: c_int,
    name: Option<&[u8]>,
    format: Option<&[u8]>,
    function: Option<OwningFunction>,
) -> Result<c_int, Error> {
    const PLACE: &str = "w_RegisterFunctionEx";
    if let Some(format) = format.filter(|format| !format.iter().copied().all(targs::is_letter)) {
        let format = plain::quoted(format);
        let message =
            format!("{PLACE} for script {id}: {format} has a letter that is none of lsdpLDO");
        return Err(Error::new(Code::Invalid, message));
    }
    let owning = |function| Function::Owning(Arc::new(function), format.map(Arc::from));
    add(PLACE, id, name, function.map(owning))
}

fn add(
    place: &str,
    id: c_int,
    name: Option<&[u8]>,
    function: Option<Function>,
) -> Result<c_int, Error> {
    let (Some(name), Some(function)) = (name.filter(|name| !name.is_empty()), function) else {
        let message = format!("{place} for script {id} was given no name or no function");
        return Err(Error::new(Code::Invalid, message));
    };
    let Some(registered) = SCRIPTS.functions(id) else {
        let message = format!("{place}({id}, {}): no script has this id", plain::quoted(name));
        return Err(Error::new(Code::NotFound, message));
    };
    registered.insert(name, function);
    Ok(1)
}

/// `w_UnregisterFunction`.
pub fn unregister(id: c_int, name: Option<&[u8]>) -> Result<c_int, Error> {
    let name = name.unwrap_or_default();
    if SCRIPTS.functions(id).is_some_and(|registered| registered.remove(name)) {
        return Ok(1);
    }
    // Hosts may take functions back without knowing whether they are registered; the log need not tell.
    let name = plain::quoted(name);
    let message = format!("w_UnregisterFunction({id}, {name}): there is no such function");
    Err(Error::new(Code::NotFound, message).told())
}
