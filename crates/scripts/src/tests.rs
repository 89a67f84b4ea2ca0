//! Tests of the registry with a runtime that needs no Python: ids, states, and who ends a script when.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::stubs::Known;
use super::*;
use vh_core::comments::Comments;
use vh_core::hooks::{self, Hook};
use vh_core::text::Encoding;
use vh_guard::answers::{HookReply, NotLoaded, Obstacle};
use vh_guard::script::Request;
use vh_guard::{alarms, current};
use vh_host::fake_hub::FakeHub;
use vh_host::host_queue;
use vh_host::on_error::OnError;
use vh_host::targs::{Block, Item, View};

mod calling;
mod loading;
mod unloading;

/// A script that does what its text says.
#[derive(Debug)]
struct Fake {
    hooks: u64,
}

type Action = Box<dyn FnOnce()>;

thread_local! {
    /// What this thread does next inside a script: while the script loads, or when it is called.
    static LOADING: RefCell<Vec<Action>> = const { RefCell::new(Vec::new()) };
    static CALLED: RefCell<Vec<Action>> = const { RefCell::new(Vec::new()) };
}

/// What scripts were asked for, with their serials, and for which script the thread ran then.
static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(script: &ScriptInfo, what: &str) {
    let runs_for = current::script().map(|script| script.serial);
    assert_eq!(runs_for, Some(script.serial), "{what}");
    EVENTS.lock().unwrap().push(format!("{what} of {}", script.serial));
}

/// Takes what scripts were asked for.
fn events() -> Vec<String> {
    std::mem::take(&mut *EVENTS.lock().unwrap())
}

/// How often each script was unloaded, by its serial.
static UNLOADED: Mutex<Option<HashMap<u64, usize>>> = Mutex::new(None);

fn times_unloaded(serial: u64) -> usize {
    let unloaded = UNLOADED.lock().unwrap();
    unloaded.as_ref().and_then(|all| all.get(&serial).copied()).unwrap_or(0)
}

fn next(actions: &'static std::thread::LocalKey<RefCell<Vec<Action>>>) {
    let action = actions.with_borrow_mut(Vec::pop);
    if let Some(action) = action {
        action();
    }
}

impl Runtime for Fake {
    fn load(script: &Arc<ScriptInfo>, source: &[u8]) -> Result<Fake, NotLoaded> {
        note(script, "load");
        next(&LOADING);
        if source.starts_with(b"raise") {
            let reason = "its top level raised".to_owned();
            return Err(NotLoaded::told(script, reason, Obstacle::Failure));
        }
        Ok(Fake { hooks: Fake::hooks_in(source).unwrap_or(0) })
    }

    fn hooks(&self) -> u64 {
        self.hooks
    }

    fn hooks_in(source: &[u8]) -> Option<u64> {
        let text = String::from_utf8_lossy(source).into_owned();
        Some(hooks::bits(|name| text.contains(&format!("def {name}("))))
    }

    fn call_hook(
        &self,
        script: &ScriptInfo,
        hook: &Hook,
        _: &Result<View, Error>,
        _: &Encoding,
    ) -> HookReply {
        note(script, hook.text);
        next(&CALLED);
        HookReply::of(Block::int(hook.number as i64 + 100))
    }

    fn call(
        &self,
        script: &ScriptInfo,
        name: &[u8],
        _: &Result<Option<View>, Error>,
        _: &Encoding,
    ) -> Result<Block, Error> {
        note(script, &String::from_utf8_lossy(name));
        next(&CALLED);
        Ok(Block::int(7).expect("there is memory"))
    }

    fn run_jobs(&self, script: &ScriptInfo) {
        note(script, "jobs");
    }

    fn nicks_have_changed(&self, script: &ScriptInfo) {
        note(script, "new nicks");
    }

    fn unload(self, script: &Arc<ScriptInfo>, deadline: Instant) -> Option<Error> {
        note(script, "unload");
        assert!(deadline > Instant::now() && !script.is_closed());
        *UNLOADED.lock().unwrap().get_or_insert_default().entry(script.serial).or_default() += 1;
        if script.path().to_string_lossy().contains("panics") {
            panic!("it cannot be taken apart");
        }
        let raises = script.path().to_string_lossy().contains("raises");
        raises.then(|| Error::new(Code::Python, "its UnLoad raised"))
    }

    fn look_again() {
        LOOKS.fetch_add(1, Ordering::Relaxed);
    }
}

/// How often the runtime was asked to look again at what was set aside.
static LOOKS: AtomicUsize = AtomicUsize::new(0);

const CHAT: usize = 3;
const LOGIN: usize = hooks::ON_USER_LOGIN;

/// All registries that tests made: what a static refers to, Miri does not take for lost memory.
static REGISTRIES: Mutex<Vec<&'static Registry<Fake>>> = Mutex::new(Vec::new());

/// Runs jobs as the library does: of the script with this serial, whichever registry has it.
fn run_jobs(serial: u64) {
    let newest = *REGISTRIES.lock().unwrap().last().unwrap();
    newest.run_jobs(serial);
}

/// A registry and a folder of scripts for one test.
struct Host {
    registry: &'static Registry<Fake>,
    folder: PathBuf,
    hub: FakeHub,
}

impl Host {
    /// One with a hub that offers nothing.
    fn new(name: &str) -> Host {
        Host::with(name, FakeHub::begin(|_| false))
    }

    fn with(name: &str, hub: FakeHub) -> Host {
        host_queue::open(run_jobs);
        events();
        let folder =
            std::env::temp_dir().join(format!("vh_registry_{name}_{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let registry: &'static Registry<Fake> = Box::leak(Box::default());
        REGISTRIES.lock().unwrap().push(registry);
        Host { registry, folder, hub }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn load_under(&self, id: i32, name: &str, text: &str) -> LoadReply {
        let path = self.file(name, text);
        self.registry.load(Request { id, path, ..Request::default() })
    }

    fn load(&self, name: &str, text: &str) -> LoadReply {
        self.load_under(self.registry.reserve().unwrap(), name, text)
    }

    /// The id and serial of a script that loads.
    fn loaded(&self, name: &str, text: &str) -> (i32, u64) {
        let LoadReply { id: Some(id), error: None } = self.load(name, text) else {
            panic!("{name} does not load");
        };
        let path = self.folder.join(name);
        let is_it = |script: &&Arc<ScriptInfo>| script.path() == path;
        let serial = directory::live().iter().find(is_it).expect("it is live").serial;
        (id, serial)
    }

    /// What a hook answers when it is called without parameters.
    fn hook(&self, id: i32, number: usize) -> Option<i64> {
        answer(self.registry, id, number)
    }

    fn has_hook(&self, id: i32, number: usize) -> bool {
        self.registry.has_hook(id, number as i32)
    }
}

fn answer(registry: &'static Registry<Fake>, id: i32, number: usize) -> Option<i64> {
    let params = Err(Error::new(Code::Invalid, "there are none"));
    let reply = registry.call_hook(id, &HOOKS[number], &params);
    reply.block.map(|block| match block.view().item(0) {
        Item::Int(answer) => answer,
        other => panic!("{other:?}"),
    })
}

impl Drop for Host {
    fn drop(&mut self) {
        self.registry.unload_all();
        host_queue::close();
        alarms::clear();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn ids_are_the_lowest_free_ones_and_free_again_after_the_unload() {
    let host = Host::new("ids");
    let (first, _) = host.loaded("a.py", "def OnUserLogin(nick): pass\n");
    let (second, _) = host.loaded("b.py", "");
    assert_eq!((first, second, host.registry.reserve().ok()), (0, 1, Some(2)));
    assert!(
        host.has_hook(first, LOGIN) && !host.has_hook(first, CHAT) && !host.has_hook(second, LOGIN)
    );
    for (id, hook) in [(-1, 0), (7, 0), (i32::MAX, 0), (0, -1), (0, 64), (0, i32::MAX)] {
        assert!(!host.registry.has_hook(id, hook), "{id} {hook}");
    }
    assert_eq!(host.hook(first, LOGIN), Some(LOGIN as i64 + 100));
    assert_eq!(host.hook(first, CHAT), None);
    host.registry.unload(first).unwrap();
    assert!(!host.has_hook(first, LOGIN) && host.hook(first, LOGIN).is_none());
    assert_eq!(host.registry.reserve().ok(), Some(0));
    assert_eq!(host.registry.unload(9).unwrap_err().code(), Code::NotFound);
}

#[test]
#[cfg_attr(miri, ignore = "it looks through thousands of ids thousands of times")]
fn every_id_can_be_used_and_no_more() {
    let host = Host::new("all");
    for id in 0..MAX_SCRIPTS {
        assert_eq!(host.registry.reserve().ok(), Some(id as i32));
    }
    assert_eq!(host.registry.reserve().unwrap_err().code(), Code::Busy);
}

#[test]
fn live_scripts_are_listed_in_the_order_of_their_ids() {
    let host = Host::new("order");
    let (first, _) = host.loaded("a.py", "");
    host.loaded("b.py", "");
    host.registry.unload(first).unwrap();
    host.loaded("c.py", "");
    let live = directory::live();
    let own = live.iter().filter(|script| script.path().starts_with(&host.folder));
    assert_eq!(own.map(|script| script.id).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn scripts_are_found_by_path_and_then_by_name() {
    let host = Host::new("find");
    std::fs::create_dir_all(host.folder.join("inner")).unwrap();
    let (inner, _) = host.loaded("inner/a.py", "");
    let (outer, _) = host.loaded("a.py", "");
    let path = host.folder.join("a.py");
    assert_eq!(host.registry.find(path.as_os_str().as_encoded_bytes()), Some(outer));
    assert_eq!(host.registry.find(b"a.py"), Some(inner), "the lowest of those with this name");
    assert_eq!(host.registry.find(b"b.py"), None);
    host.registry.unload(inner).unwrap();
    assert_eq!(host.registry.find(b"a.py"), Some(outer));
}

#[test]
fn a_script_is_found_by_its_path_before_another_with_that_name() {
    let host = Host::new("path");
    let (named, _) = host.loaded("vh_path.py", "");
    assert_eq!(host.registry.find(b"vh_path.py"), Some(named));
    // There is no such file where the tests run, so a stub has the path.
    let comments = Comments::read(b"# vh: on_error = refuse\n");
    let known = Known { on_error: OnError::read(&comments).0, hooks: 1 << LOGIN };
    let path = PathBuf::from("vh_path.py");
    host.registry.stubs.remember(&path, known);
    let id = host.registry.reserve().unwrap();
    let reply = host.registry.load(Request { id, path, ..Request::default() });
    assert_eq!(reply.id, Some(id));
    assert_eq!(host.registry.find(b"vh_path.py"), Some(id));
}

#[test]
fn an_id_that_is_not_reserved_loads_nothing() {
    let host = Host::new("reserved");
    let reply = host.load_under(5, "a.py", "");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Invalid));
    let (id, _) = host.loaded("a.py", "");
    assert_eq!(host.load_under(id, "b.py", "").error.unwrap().code(), Code::Invalid);
    assert_eq!(host.registry.find(b"a.py"), Some(id), "the one that has the id stays");
}

#[test]
fn a_script_that_does_not_load_gives_its_id_back_unless_it_asks_for_refusal() {
    let host = Host::new("stub");
    let reply = host.load("a.py", "raise\ndef OnUserLogin(nick): pass\n");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Unavailable));
    assert_eq!(host.registry.reserve().ok(), Some(0));
    let text = "raise\n# vh: on_error = refuse\ndef OnUserLogin(nick): pass\ndef OnTimer(): pass\n";
    let reply = host.load_under(0, "b.py", text);
    assert_eq!((reply.id, reply.error.unwrap().code()), (Some(0), Code::Unavailable));
    let is_it = |script: &&Arc<ScriptInfo>| script.path() == host.folder.join("b.py");
    let runtime = directory::live().iter().find(is_it).map(|script| script.runtime_name());
    assert_eq!(runtime, Some("stub"), "what the statistics tell");
    assert_eq!(host.hook(0, LOGIN), Some(0), "it refuses");
    assert_eq!(host.hook(0, hooks::ON_TIMER), Some(1), "0 from there refuses nothing");
    assert_eq!(host.hook(0, CHAT), None, "it has no such hook");
    let none = Ok(None);
    assert_eq!(host.registry.call(0, b"f", &none).unwrap_err().code(), Code::Unavailable);
    host.registry.unload(0).unwrap();
    assert_eq!(host.hook(0, LOGIN), None);
    let missing = host.folder.join("missing.py");
    let id = host.registry.reserve().unwrap();
    let reply = host.registry.load(Request { id, path: missing, ..Request::default() });
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::NotFound));
}

#[test]
fn who_does_not_ask_for_refusal_any_more_has_no_stub() {
    let host = Host::new("wish");
    let path = host.folder.join("a.py");
    let text = "# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    for (text, stub) in [(text, Some(0)), ("def OnUserLogin(nick): pass\n", None)] {
        let (id, _) = host.loaded("a.py", text);
        host.registry.unload(id).unwrap();
        std::fs::remove_file(&path).unwrap();
        let id = host.registry.reserve().unwrap();
        let reply = host.registry.load(Request { id, path: path.clone(), ..Request::default() });
        assert_eq!(reply.id, stub, "{text}");
        let _ = host.registry.unload(id);
    }
}

#[test]
fn what_decides_refuses_while_its_script_is_reloaded() {
    let host = Host::new("gap");
    let text = "# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    let registry = host.registry;
    let asked = Arc::new(AtomicUsize::new(0));
    let ask = {
        let asked = Arc::clone(&asked);
        move || {
            assert_eq!(answer(registry, 0, LOGIN), Some(0), "while it loads");
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    LOADING.with_borrow_mut(|next| next.push(Box::new(ask)));
    let (id, serial) = host.loaded("a.py", text);
    assert_eq!((id, asked.load(Ordering::Relaxed)), (0, 1));
    // The script is unloaded from inside a call. Until that returns, its hooks refuse.
    CALLED.with_borrow_mut(|next| {
        next.push(Box::new(move || {
            registry.unload(id).unwrap();
            assert!(registry.has_hook(id, LOGIN as i32));
            assert_eq!(answer(registry, id, LOGIN), Some(0), "until it is gone");
            assert_eq!(times_unloaded(serial), 0);
        }));
    });
    assert_eq!(host.hook(id, LOGIN), Some(LOGIN as i64 + 100));
    assert_eq!(times_unloaded(serial), 1);
    assert!(!host.has_hook(id, LOGIN));
}

/// Calls scripts inside each other, in this order. The innermost one does `last`.
fn nest(registry: &'static Registry<Fake>, ids: &[i32], last: Action) {
    let Some((&id, rest)) = ids.split_first() else { return last() };
    let rest = rest.to_vec();
    CALLED.with_borrow_mut(|next| next.push(Box::new(move || nest(registry, &rest, last))));
    assert!(registry.call(id, b"f", &Ok(None)).is_ok());
}

#[test]
fn an_unload_from_inside_happens_when_the_outermost_call_of_that_script_returns() {
    let host = Host::new("nested");
    let registry = host.registry;
    let (one, serial) = host.loaded("one.py", "");
    let (two, other) = host.loaded("two.py", "");
    let depths = [one, two, one, two, two, one, two, one, one, two];
    nest(registry, &depths, Box::new(move || drop(registry.unload(one).unwrap())));
    assert_eq!((times_unloaded(serial), times_unloaded(other)), (1, 0));
    assert_eq!(registry.call(one, b"f", &Ok(None)).unwrap_err().code(), Code::NotFound);
    // A script further out.
    nest(registry, &[two, two, two], Box::new(move || drop(registry.unload(two).unwrap())));
    assert_eq!((times_unloaded(serial), times_unloaded(other)), (1, 1));
}

#[test]
fn an_unload_that_is_asked_for_while_it_loads_comes_after_that() {
    let host = Host::new("unwanted");
    let registry = host.registry;
    LOADING.with_borrow_mut(|next| next.push(Box::new(move || drop(registry.unload(0).unwrap()))));
    let reply = host.load("a.py", "");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Closed));
    assert_eq!(registry.reserve().ok(), Some(0));
}

#[test]
fn a_fault_of_the_library_loses_no_id() {
    let host = Host::new("panics");
    vh_core::panics::install_hook();
    LOADING.with_borrow_mut(|next| next.push(Box::new(|| panic!("it loads badly"))));
    let reply = host.load("a.py", "");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Internal));
    let (id, serial) = host.loaded("panics.py", "");
    assert_eq!(id, 0);
    host.registry.unload(id).unwrap();
    assert_eq!((times_unloaded(serial), host.registry.reserve().ok()), (1, Some(0)));
}

#[test]
fn an_unload_gives_what_the_script_raised() {
    let host = Host::new("raised");
    let (quiet, _) = host.loaded("a.py", "");
    assert!(host.registry.unload(quiet).unwrap().is_none());
    let (id, _) = host.loaded("raises.py", "");
    assert_eq!(host.registry.unload(id).unwrap().map(|error| error.code()), Some(Code::Python));
    assert_eq!(host.registry.reserve().ok(), Some(0));
}

#[test]
fn functions_of_an_id_go_with_it() {
    let host = Host::new("functions");
    let id = host.registry.reserve().unwrap();
    let reserved = host.registry.functions(id).unwrap();
    assert_eq!(host.load_under(id, "a.py", "").id, Some(id));
    assert!(Arc::ptr_eq(&reserved, &host.registry.functions(id).unwrap()));
    host.registry.unload(id).unwrap();
    assert!(host.registry.functions(id).is_none());
    let id = host.registry.reserve().unwrap();
    assert!(!Arc::ptr_eq(&reserved, &host.registry.functions(id).unwrap()));
    host.registry.unload(id).unwrap();
    assert!(host.registry.functions(id).is_none(), "a reserved id is given back by an unload");
}

#[test]
fn threads_call_while_it_is_unloaded_and_it_ends_once() {
    const ROUNDS: usize = if cfg!(miri) { 1 } else { 50 };
    let host = Host::new("threads");
    let registry = host.registry;
    for _ in 0..ROUNDS {
        let (id, serial) = host.loaded("a.py", "");
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while registry.call(id, b"f", &Ok(None)).is_ok() {
                        std::thread::yield_now();
                    }
                });
            }
            registry.unload(id).unwrap();
            // Under Miri a call takes longer than an unload waits.
            assert!(cfg!(miri) || times_unloaded(serial) == 1, "it is waited for");
        });
        assert_eq!(times_unloaded(serial), 1);
    }
}

#[test]
fn all_scripts_end_with_the_host() {
    let host = Host::new("end");
    let serials: Vec<_> = ["a.py", "b.py"].iter().map(|name| host.loaded(name, "").1).collect();
    let reserved = host.registry.reserve().unwrap();
    host.registry.unload_all();
    assert!(serials.iter().all(|&serial| times_unloaded(serial) == 1));
    assert!(host.registry.functions(reserved).is_none());
    assert_eq!(host.registry.reserve().ok(), Some(0));
}
