//! Loads a script into its interpreter.

use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pyo3_ffi as ffi;

use super::interpreter::{self, Interpreter, Lock};
use super::interrupt::Call;
use super::json::Failure;
use super::names::Names;
use super::object::{Attached, Obj, Owned, Raised};
use super::parking::{self, Home};
use super::scope::Scope;
use super::{advice, preflight, report, scope, state, unload, vh};
use vh_core::error::Error;
use vh_core::hooks::{HOOKS, ON_TIMER};
use vh_core::runtime::{self, Runtime};
use vh_guard::answers::{NotLoaded, Obstacle};
use vh_guard::folders::Venv;
use vh_guard::interrupt::Interrupt;
use vh_guard::script::ScriptInfo;
use vh_guard::settings::unload_time;

/// A script that ran its top level.
#[derive(Debug)]
pub struct Loaded {
    pub(super) interpreter: Arc<Interpreter>,
    pub(super) runtime: Runtime,
    /// For what its interpreter is kept when the script is unloaded; None when it is not kept.
    pub(super) home: Option<Home>,
    pub(super) scope: Scope,
    /// The script's module, its globals, and its `vh`.
    module: Owned,
    pub(super) namespace: Owned,
    pub(super) vh: Owned,
    hook_bits: u64,
    /// The names of its hooks. Their functions are looked up at each call, because a script may redefine
    /// them.
    hook_names: [Option<Owned>; HOOKS.len()],
    /// The names of functions that were called, for looking them up.
    pub(super) names: Names,
    /// The address of the `OnTimer` that was last looked at, and in its lowest bit whether it takes an
    /// argument, for in scripts from before 2015 it takes none.
    timer: AtomicUsize,
}

/// The name under which running a script's file is counted.
const TOP_LEVEL: &[u8] = b"(top level)";

/// Why a script cannot be prepared, and what kept it from that.
type Unprepared = (String, Obstacle);

/// Whether a script is to run in a process of its own. What is wrong with its wish, [`load`] tells.
pub fn runs_outside(script: &ScriptInfo) -> bool {
    let chosen =
        script.settings.runtime.clone().and_then(|wish| wish.map_or_else(runtime::default, Ok));
    chosen == Ok(Runtime::Worker)
}

/// Loads a script. An error has been logged, and nothing is left of the script then.
pub fn load(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Loaded, NotLoaded> {
    let mut loaded = prepare(script, source)
        .map_err(|(reason, obstacle)| NotLoaded::told(script, reason, obstacle))?;
    let Err(error) = loaded.run(script, source) else { return Ok(loaded) };
    unload::abandon(loaded, script, Instant::now() + unload_time());
    let text = script.entry_points.function(TOP_LEVEL).row().read().last_error;
    let text = text.map(|error| error.text).unwrap_or_default();
    let reason = format!("its top level raised {text}");
    Err(NotLoaded { error, reason, obstacle: Obstacle::Failure })
}

/// Finds its interpreter and makes everything that the script needs before it runs.
fn prepare(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Loaded, Unprepared> {
    let by_settings = |reason| (reason, Obstacle::Settings);
    let runtime = choose_runtime(script, source).map_err(by_settings)?;
    let home = home(script, runtime).map_err(by_settings)?;
    let interpreter =
        interpreter_for(runtime, home.as_ref()).map_err(|reason| (reason, Obstacle::Failure))?;
    vh_guard::advice::on_comments(script);
    let interrupt: Arc<dyn Interrupt> = interpreter.clone();
    script.moves_in(runtime, Arc::downgrade(&interrupt), interpreter.address());
    prepare_in(script, &interpreter, runtime, home).inspect_err(|_| {
        unload::discard(&interpreter, runtime);
        script.moves_out();
    })
}

/// The runtime of a script: the one it asks for, or else one in which its packages work.
fn choose_runtime(script: &ScriptInfo, source: &[u8]) -> Result<Runtime, String> {
    let wish = script.settings.runtime.clone()?;
    let runtime = match wish {
        Some(runtime) => runtime,
        None => runtime::default()?,
    };
    let venv = script.venv().map(|venv| venv.path);
    let problem = preflight::problem(source, &script.folders(), venv.as_deref(), runtime);
    let Some(preflight::Problem { module, reason, is_certain }) = problem else {
        return Ok(runtime);
    };
    let name = runtime.name();
    if wish.is_none() {
        tracing::warn!(
            script = %script.label,
            "is loaded in the runtime main, because in {name} {module} {reason}"
        );
        return Ok(Runtime::Main);
    }
    if is_certain {
        return Err(format!(
            "it asks for the runtime {name}, but {module} {reason}. Write \
             \"# vh: runtime = main\" in it"
        ));
    }
    Ok(runtime)
}

/// For what the script's interpreter is kept: for the same file, unless its comment says `# vh: reload =
/// fresh`. None when it is not kept for anybody: with that comment, and in the main interpreter.
fn home(script: &ScriptInfo, runtime: Runtime) -> Result<Option<Home>, String> {
    let fresh = script.settings.reload_fresh.clone()?;
    let Some(lock) = own_lock(runtime) else {
        if fresh {
            tracing::warn!(
                script = %script.label,
                "\"# vh: reload = fresh\" does nothing in the runtime main, whose interpreter \
                 all its scripts share"
            );
        }
        return Ok(None);
    };
    let venv = script.venv().map(|venv| venv.path);
    let home = Home::new(script.path(), lock, venv);
    if fresh {
        parking::forget(&home);
        return Ok(None);
    }
    Ok(Some(home))
}

/// What lock the interpreter of a script has in this runtime; None when the script has none of its own.
pub(super) fn own_lock(runtime: Runtime) -> Option<Lock> {
    match runtime {
        Runtime::Sub => Some(Lock::Shared),
        Runtime::OwnGil => Some(Lock::Own),
        Runtime::Main | Runtime::Worker => None,
    }
}

fn interpreter_for(runtime: Runtime, home: Option<&Home>) -> Result<Arc<Interpreter>, String> {
    if let Some(interpreter) = home.and_then(parking::take) {
        return Ok(interpreter);
    }
    match own_lock(runtime) {
        Some(lock) => Interpreter::create(lock),
        None => interpreter::main_for_scripts().cloned(),
    }
}

fn prepare_in(
    script: &Arc<ScriptInfo>,
    interpreter: &Arc<Interpreter>,
    runtime: Runtime,
    home: Option<Home>,
) -> Result<Loaded, Unprepared> {
    let entered = interpreter.enter();
    let attached = entered.attached();
    prepare_attached(attached, script, interpreter, runtime, home).map_err(|failure| {
        match failure {
            // It is the virtual environment that was refused.
            Failure::Refused(_, reason) => (*reason, Obstacle::Settings),
            Failure::Raised(raised) => {
                report::log(attached, raised, &script.label, "preparing its interpreter");
                ("its interpreter cannot be prepared".to_owned(), Obstacle::Failure)
            }
        }
    })
}

fn prepare_attached(
    attached: Attached<'_>,
    script: &Arc<ScriptInfo>,
    interpreter: &Arc<Interpreter>,
    runtime: Runtime,
    home: Option<Home>,
) -> Result<Loaded, Failure> {
    let Prepared { module, namespace, vh } = match own_lock(runtime) {
        Some(_) => prepare_sub(attached, script)?,
        None => prepare_main(attached, script)?,
    };
    let scope = Scope::new(attached, script, runtime == Runtime::Main, &vh, &namespace)?;
    if let Err(failure) = equip(attached, script, &scope, &vh) {
        // While an exception is set, nothing can run.
        if matches!(failure, Failure::Refused(..)) {
            // SAFETY: the script's own interpreter is attached, and nobody is inside.
            unsafe {
                scope.run(attached, script, c"forget");
                scope.release(attached);
            }
        }
        return Err(failure);
    }
    Ok(Loaded {
        interpreter: Arc::clone(interpreter),
        runtime,
        home,
        scope,
        module: module.keep(),
        namespace: namespace.keep(),
        vh: vh.keep(),
        hook_bits: 0,
        hook_names: [const { None }; HOOKS.len()],
        names: Names::default(),
        timer: AtomicUsize::new(0),
    })
}

/// Gives the script its packages, and what it kept over a reload.
fn equip(
    attached: Attached<'_>,
    script: &ScriptInfo,
    scope: &Scope,
    vh: &Obj,
) -> Result<(), Failure> {
    if let Some(venv) = script.venv() {
        use_venv(attached, scope, &venv)?;
    }
    Ok(state::restore(attached, script, vh)?)
}

/// Gives the script the packages of a virtual environment. Refused when they are for another Python.
fn use_venv(attached: Attached<'_>, scope: &Scope, venv: &Venv) -> Result<(), Failure> {
    let folder = super::convert::from_utf8(attached, venv.path.as_os_str().as_bytes())?;
    // SAFETY: the script's own interpreter is attached.
    let complaint = unsafe { scope.call(attached, c"use_venv", &[folder])? };
    if complaint.is_none() {
        return Ok(());
    }
    Err(Failure::refused(format!("{} is wrong: {}", venv.named_by, complaint.to_text())))
}

/// A script's module before the script has run.
struct Prepared<'a> {
    module: Obj<'a>,
    namespace: Obj<'a>,
    vh: Obj<'a>,
}

/// Prepares a script in a sub-interpreter: it is `__main__`, and `vh` is the built-in module.
fn prepare_sub<'a>(
    attached: Attached<'a>,
    script: &Arc<ScriptInfo>,
) -> Result<Prepared<'a>, Raised> {
    scope::prepare_own(attached)?;
    let vh = vh::of_interpreter(attached, script)?;
    let module = scope::call(attached, c"new_main", &[])?;
    prepared(attached, script, module, vh)
}

/// Prepares a script in the main interpreter: it is a module of its own that calls itself `__main__`, and
/// `import vh` in it gives its own `vh`.
fn prepare_main<'a>(
    attached: Attached<'a>,
    script: &Arc<ScriptInfo>,
) -> Result<Prepared<'a>, Raised> {
    let vh = vh::own_module(attached, script)?;
    // SAFETY: attached.
    let module = unsafe { attached.take(ffi::PyModule_New(c"__main__".as_ptr()))? };
    let prepared = prepared(attached, script, module, vh)?;
    let builtins = scope::call(attached, c"own_builtins", std::slice::from_ref(&prepared.vh))?;
    prepared.namespace.set_dict_item(c"__builtins__", &builtins)?;
    Ok(prepared)
}

fn prepared<'a>(
    attached: Attached<'a>,
    script: &ScriptInfo,
    module: Obj<'a>,
    vh: Obj<'a>,
) -> Result<Prepared<'a>, Raised> {
    // SAFETY: attached; a module's dict is borrowed from it.
    let namespace = unsafe { attached.borrow(ffi::PyModule_GetDict(module.as_ptr())) };
    let namespace = namespace.expect("a module has a dict");
    let path = super::convert::from_utf8(attached, script.path_bytes())?;
    namespace.set_dict_item(c"__file__", &path)?;
    add_search_path(attached, script)?;
    Ok(Prepared { module, namespace, vh })
}

/// Puts the script's folders first on `sys.path`.
fn add_search_path(attached: Attached<'_>, script: &ScriptInfo) -> Result<(), Raised> {
    let folders: Result<Vec<_>, _> = script
        .folders()
        .iter()
        .map(|folder| super::convert::from_utf8(attached, folder.as_os_str().as_bytes()))
        .collect();
    scope::call(attached, c"add_search_path", &[attached.list(folders?)?]).map(drop)
}

impl Loaded {
    /// Runs the script's top level and looks for its hooks. Exceptions are logged.
    fn run(&mut self, script: &ScriptInfo, source: &[u8]) -> Result<(), Error> {
        let interpreter = Arc::clone(&self.interpreter);
        let entered = interpreter.enter();
        let attached = entered.attached();
        // SAFETY: the script's own interpreter is attached.
        let namespace = unsafe { self.namespace.get(attached) };
        advice::on_files(script, &namespace);
        // Importing large packages takes long.
        let call = Call::begin_unlimited(attached, script.entry_points.function(TOP_LEVEL));
        if let Err(raised) = self.execute(&namespace, script, source) {
            let place = format!("not loaded: the top level of {}", script.path().display());
            return Err(report::failure(attached, raised, &call, &place));
        }
        advice::on_functions(script, &namespace);
        for (number, hook) in HOOKS.iter().enumerate() {
            let Some(function) = namespace.dict_item(hook.name).filter(Obj::is_callable) else {
                continue;
            };
            self.hook_bits |= 1 << number;
            match attached.name(hook.name) {
                Ok(name) => self.hook_names[number] = Some(name.keep()),
                Err(raised) => attached.clear(raised),
            }
            if number == ON_TIMER {
                self.timer_takes_time(&function);
            }
        }
        Ok(())
    }

    /// Runs its source code.
    fn execute(&self, namespace: &Obj, script: &ScriptInfo, source: &[u8]) -> Result<(), Raised> {
        let attached = namespace.attached();
        let source = attached.bytes(source)?;
        let path = super::convert::from_utf8(attached, script.path_bytes())?;
        let arguments = [source, path, namespace.clone()];
        // SAFETY: the script's own interpreter is attached.
        unsafe { self.scope.call(attached, c"run_script", &arguments) }.map(drop)
    }

    /// The function that the script has for a hook now.
    ///
    /// # Safety
    /// The script's own interpreter is attached.
    pub(super) unsafe fn hook<'a>(&self, attached: Attached<'a>, number: usize) -> Option<Obj<'a>> {
        // SAFETY: the caller promises that the script's interpreter is attached.
        let namespace = unsafe { self.namespace.get(attached) };
        let function = match &self.hook_names[number] {
            // SAFETY: the caller promises that the script's interpreter is attached.
            Some(name) => namespace.dict_value(&unsafe { name.get(attached) }),
            None => namespace.dict_item(HOOKS[number].name),
        };
        function.filter(Obj::is_callable)
    }

    /// Whether `OnTimer` takes the time as an argument. This is found out once for each function of that
    /// name.
    pub(super) fn timer_takes_time(&self, timer: &Obj) -> bool {
        // Objects are aligned, so the lowest bit is free.
        let address = timer.as_ptr() as usize;
        let known = self.timer.load(Ordering::Relaxed);
        if known & !1 == address {
            return known & 1 != 0;
        }
        let takes_time = accepts_argument(timer);
        self.timer.store(address | usize::from(takes_time), Ordering::Relaxed);
        takes_time
    }

    /// A bit for each hook that the script defined at its top level.
    pub fn hook_bits(&self) -> u64 {
        self.hook_bits
    }

    /// Lets go of all objects.
    ///
    /// # Safety
    /// The script's own interpreter is attached, and nobody is inside.
    pub(super) unsafe fn release(self, attached: Attached<'_>) {
        // SAFETY: the caller promises that the script's interpreter is attached, and that nobody is inside.
        let holder = unsafe {
            self.hook_names.into_iter().flatten().for_each(|name| name.release(attached));
            self.names.release(attached);
            self.scope.release(attached);
            self.vh.release(attached);
            self.namespace.release(attached);
            let module = self.module.get(attached);
            self.module.release(attached);
            attached.list(vec![module])
        };
        let ended = holder.and_then(|holder| scope::call(attached, c"end_module", &[holder]));
        if let Err(raised) = ended {
            report::log(attached, raised, "", "taking the namespace of a script apart");
        }
    }
}

/// Whether a callable accepts one argument; true when that cannot be found out.
fn accepts_argument(function: &Obj) -> bool {
    let attached = function.attached();
    let answer = match plain_function_accepts_argument(function) {
        Ok(Some(answer)) => return answer,
        Ok(None) => scope::call(attached, c"accepts_argument", std::slice::from_ref(function)),
        Err(raised) => Err(raised),
    };
    match answer {
        Ok(answer) => answer.is_true(),
        Err(raised) => {
            attached.clear(raised);
            true
        }
    }
}

/// The same for a function without keyword-only parameters, by its code; None for anything else. Python's
/// `inspect` could tell for every callable, but importing it takes longer than loading a script.
fn plain_function_accepts_argument(function: &Obj) -> Result<Option<bool>, Raised> {
    /// `CO_VARARGS` of CPython's headers.
    const TAKES_MORE: i64 = 4;
    if !function.is_function() {
        return Ok(None);
    }
    let code = function.attribute(c"__code__")?;
    let number = |name| Ok(code.attribute(name)?.as_i64().unwrap_or(0));
    let (named, flags) = (number(c"co_argcount")?, number(c"co_flags")?);
    if number(c"co_kwonlyargcount")? > 0 {
        return Ok(None);
    }
    let defaults = function.attribute(c"__defaults__")?.items().len() as i64;
    let takes_one = named >= 1 || flags & TAKES_MORE != 0;
    Ok(Some(takes_one && named - defaults <= 1))
}
