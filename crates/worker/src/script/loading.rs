//! Loading a script into a process of its own, and starting that again when it has ended.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use vh_core::callbacks::{CALLBACKS, Default, Kind, Outcome};
use vh_core::error::{Code, Error};
use vh_core::hooks::HOOKS;
use vh_core::json::write_text;
use vh_core::runtime::Runtime;
use vh_core::{constants, text};
use vh_guard::answers::{NotLoaded, Obstacle};
use vh_guard::attributes::{self, Attribute};
use vh_guard::interrupt::Interrupt;
use vh_guard::script::ScriptInfo;
use vh_guard::settings::unload_time;
use vh_guard::{advice, kept};
use vh_host::host_queue;
use vh_host::hub::{self, Containers};

use super::heard::Ear;
use super::process::{Child, Process};
use super::values::{write_hub_text, write_list};
use super::{Call, Elsewhere, Failure, Outside, raised};
use crate::backend::Listener;
use crate::options::Options;
use crate::python::Task;

/// The name under which running a script's file is counted.
const TOP_LEVEL: &[u8] = b"(top level)";

/// What the child tells of a script that it has loaded.
#[derive(Deserialize)]
struct Loaded {
    /// The names of what can be called.
    functions: Vec<String>,
    /// Where the standard library of its Python is.
    standard: String,
}

impl Outside {
    /// Runs a script's top level. `default` is the Python of scripts that name none. An error has been logged, and
    /// nothing is left of the script then.
    pub fn load(
        script: &Arc<ScriptInfo>,
        source: &[u8],
        default: &OsStr,
    ) -> Result<Outside, NotLoaded> {
        advice::on_comments(script);
        let wrong = script.settings.async_hooks.as_ref().err();
        let wrong = wrong.or(script.settings.reload_fresh.as_ref().err());
        if let Some(reason) = wrong {
            return Err(NotLoaded::told(script, reason.clone(), Obstacle::Settings));
        }
        let process = Process::new(script, source, python_of(script, default));
        let interrupt: Arc<dyn Interrupt> = Arc::clone(&process) as _;
        script.moves_in(Runtime::Worker, Arc::downgrade(&interrupt), 0);
        let call = Call::begin_unlimited(Elsewhere, script.entry_points.function(TOP_LEVEL));
        let child = process.prepare(script).map_err(|failure| {
            let is_named = python_named_by(script).is_some();
            let obstacle = if is_named { Obstacle::Settings } else { Obstacle::Failure };
            not_loaded(script, &call, failure, obstacle)
        })?;
        process.has_started(child);
        match process.run_top_level(script) {
            Ok(()) => {
                drop(call);
                let hooks = process.hooks();
                Ok(Outside { process, hooks })
            }
            Err(failure) => {
                let why = not_loaded(script, &call, failure, Obstacle::Failure);
                drop(call);
                process.set_leaving(true);
                process.end_in_order(script, Instant::now() + unload_time());
                process.end();
                Err(why)
            }
        }
    }
}

/// What is wrong with the virtual environment that a script is to run in, if it is to run in one.
fn look_at_environment(script: &ScriptInfo) -> Result<(), Error> {
    let Some(venv) = script.venv().filter(|_| script.settings.python.is_none()) else {
        return Ok(());
    };
    fs::metadata(venv.path.join("pyvenv.cfg")).map(drop).map_err(|error| {
        let folder = venv.path.display();
        Error::new(Code::Invalid, format!("{folder} is no virtual environment: {error}"))
    })
}

/// What names the Python of a script, to be read before "is wrong"; None for the default one.
fn python_named_by(script: &ScriptInfo) -> Option<&'static str> {
    match script.settings.python {
        Some(_) => Some("its comment \"# vh: python\""),
        None => script.venv().map(|venv| venv.named_by),
    }
}

/// Why the Python of a script does not start, and what to do.
fn not_started(script: &ScriptInfo, error: Error) -> Failure {
    match python_named_by(script) {
        Some(named_by) => {
            let message = format!("{named_by} is wrong: {}", error.message());
            Failure::Gone(Error::new(error.code(), message))
        }
        None => Failure::Gone(error),
    }
}

/// Why a script is not loaded. The obstacle is that of a process which cannot be asked.
fn not_loaded(script: &ScriptInfo, call: &Call, failure: Failure, obstacle: Obstacle) -> NotLoaded {
    match failure {
        Failure::Raised(raised) => {
            let reason = format!("its top level raised {}", raised.line());
            let place = format!("not loaded: the top level of {}", script.path().display());
            let error = raised::failed(call, Failure::Raised(raised), &place);
            NotLoaded { error, reason, obstacle: Obstacle::Failure }
        }
        Failure::Gone(error) => NotLoaded::told(script, error.message().to_owned(), obstacle),
        Failure::Late => {
            NotLoaded::told(script, "its top level was given up".to_owned(), Obstacle::Failure)
        }
    }
}

/// The Python that runs a script: what its comment names, or that of its virtual environment, or the default.
fn python_of(script: &ScriptInfo, default: &OsStr) -> OsString {
    let folder = script.path().parent().unwrap_or(Path::new("."));
    match (&script.settings.python, script.venv()) {
        // A bare name is looked for as a shell does.
        (Some(named), _) if !named.contains('/') => named.into(),
        (Some(named), _) => folder.join(named).into(),
        (None, Some(venv)) => venv.path.join("bin").join("python").into(),
        (None, None) => default.to_owned(),
    }
}

impl Process {
    /// Starts a child that has its Python ready.
    pub fn prepare(&self, script: &ScriptInfo) -> Result<Child, Failure> {
        look_at_environment(script).map_err(|error| not_started(script, error))?;
        let options = Options { python: self.python().to_owned(), ..Options::default() };
        let ear = Ear::of(self);
        let listener = Some(Arc::clone(&ear) as Arc<dyn Listener>);
        let (backend, ready) = crate::start(script.path(), Task::Hub, &[], &options, listener)
            .map_err(|error| not_started(script, error))?;
        ear.hears(&backend);
        let child = Child { backend, ear };
        match ready.wait() {
            Ok(_) => Ok(child),
            Err(error) => {
                child.kill();
                Err(not_started(script, error))
            }
        }
    }

    fn run_top_level(&self, script: &ScriptInfo) -> Result<(), Failure> {
        let loaded = self.ask(script, "load", &self.parameters(script))?;
        if let Ok(Loaded { functions, standard }) = serde_json::from_str(loaded.get()) {
            advice::on_files(script, Path::new(&standard));
            advice::on_functions(script, &functions, |name| functions.iter().any(|f| f == name));
        }
        Ok(())
    }

    /// Starts it again, if it has ended; the error says why that cannot be.
    pub fn revive(&self, script: &ScriptInfo) -> Result<(), Failure> {
        if !self.has_died() {
            return Ok(());
        }
        self.may_start_again().map_err(Failure::Gone)?;
        let prepared = self.prepare(script).map(|child| self.has_started(child));
        let started = self.load_again(script, prepared, "not started again");
        self.has_tried();
        started?;
        tracing::info!(script = %script.label, "its process is started again");
        Ok(())
    }

    /// Has the script's top level run in a new process, if there is one. An error is told as `what` and leaves no
    /// process.
    pub fn load_again(
        &self,
        script: &ScriptInfo,
        prepared: Result<(), Failure>,
        what: &str,
    ) -> Result<(), Failure> {
        let call = Call::begin_unlimited(Elsewhere, script.entry_points.function(TOP_LEVEL));
        prepared.and_then(|()| self.run_top_level(script)).map_err(|failure| {
            let place = format!("{what}: {}", script.path().display());
            let error = raised::failed(&call, failure, &place);
            self.end_child();
            Failure::Gone(Error::new(Code::Closed, error.message().to_owned()).told())
        })
    }

    /// What the child needs to know of the script and of `vh`.
    fn parameters(&self, script: &ScriptInfo) -> Vec<u8> {
        let mut out = b"{\"source\":".to_vec();
        // One character for each byte.
        let source: String = self.source().iter().map(|&byte| char::from(byte)).collect();
        write_text(&mut out, &source);
        out.extend_from_slice(b",\"path\":");
        write_hub_text(&mut out, Some(script.path_bytes()), &text::UTF8);
        out.extend_from_slice(b",\"folders\":");
        write_list(&mut out, script.folders().iter(), |out, folder| {
            write_hub_text(out, Some(folder.as_os_str().as_encoded_bytes()), &text::UTF8);
        });
        out.extend_from_slice(b",\"hooks\":");
        write_list(&mut out, HOOKS.iter(), |out, hook| write_text(out, hook.text));
        let wait = host_queue::longest_wait().as_secs_f64();
        let is_native = hub::generation().containers == Containers::Native;
        let more = format!(",\"timeout\":{wait},\"native\":{is_native},\"functions\":");
        out.extend_from_slice(more.as_bytes());
        write_functions(&mut out);
        out.extend_from_slice(b",\"constants\":");
        write_list(&mut out, constants::all(), |out, (name, value)| {
            out.extend_from_slice(format!("[\"{name}\",{value}]").as_bytes());
        });
        out.extend_from_slice(format!(",\"version\":[\"{}\",", constants::VERSION).as_bytes());
        write_list(&mut out, constants::version_numbers().iter(), |out, number| {
            out.extend_from_slice(number.to_string().as_bytes());
        });
        out.extend_from_slice(b"],\"attributes\":");
        write_attributes(&mut out, script);
        out.extend_from_slice(b",\"state\":");
        write_hub_text(&mut out, kept::state_of(script).as_deref(), &text::UTF8);
        out.push(b'}');
        out
    }
}

/// Writes the functions of `vh` that ask the hub: name, parameters, documentation.
fn write_functions(out: &mut Vec<u8>) {
    let offered = CALLBACKS.iter().filter(|callback| callback.outcome != Outcome::Unused);
    write_list(out, offered, |out, callback| {
        out.push(b'[');
        write_text(out, callback.text);
        out.push(b',');
        write_list(out, callback.params.iter(), |out, param| {
            let kind = match param.kind {
                Kind::Text => "text",
                Kind::Int => "int",
                Kind::Values => "values",
            };
            let default = match param.default {
                Default::Required | Default::Null => "null".to_owned(),
                Default::Empty => "\"\"".to_owned(),
                Default::Number(number) => number.to_string(),
            };
            let must = param.default == Default::Required;
            let row =
                format!("[\"{}\",\"{}\",\"{kind}\",{must},{default}]", param.name, param.alias);
            out.extend_from_slice(row.as_bytes());
        });
        out.push(b',');
        write_text(out, callback.doc);
        out.push(b']');
    });
}

/// Writes the attributes of `vh` that say who the script is.
pub fn write_attributes(out: &mut Vec<u8>, script: &ScriptInfo) {
    let encoding = hub::encoding(script.id);
    let known =
        attributes::NAMES.iter().filter_map(|name| Some((name, attributes::get(script, name)?)));
    write_list(out, known, |out, (name, value)| {
        out.extend_from_slice(format!("[\"{name}\",").as_bytes());
        match value {
            Attribute::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Attribute::Text(text) => write_hub_text(out, text.as_deref(), encoding),
            Attribute::Path(path) => write_hub_text(out, path, &text::UTF8),
        }
        out.push(b']');
    });
}
