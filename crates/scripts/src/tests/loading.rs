//! What a load reads, what it leaves behind when it fails, and what is told of it.

use super::*;
use vh_guard::{crash, memory};
use vh_host::native::HostFunction;
use vh_host::types::w_Targs;
use vh_testing::told;

/// What a load tells the host, and the log.
fn outcome(host: &Host, name: &str, text: &str) -> (LoadReply, String) {
    told(|| host.load(name, text))
}

fn load_path(host: &Host, path: PathBuf) -> LoadReply {
    let id = host.registry.reserve().unwrap();
    host.registry.load(Request { id, path, ..Request::default() })
}

#[test]
fn without_a_hub_nothing_loads_and_the_id_is_free() {
    let host = Host::new("no_hub");
    vh_host::hub::end();
    let reply = host.load("a.py", "");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Unavailable));
    assert_eq!(host.registry.reserve().ok(), Some(0));
    assert_eq!(events(), Vec::<String>::new());
}

#[test]
fn a_load_whose_block_cannot_be_read_frees_its_id() {
    let host = Host::new("give_up");
    let id = host.registry.reserve().unwrap();
    let looks = LOOKS.load(Ordering::Relaxed);
    host.registry.give_up_loading(None);
    assert!(LOOKS.load(Ordering::Relaxed) > looks, "it is a load like others");
    assert_eq!(host.registry.reserve().ok(), Some(id + 1));
    host.registry.give_up_loading(Some(id));
    assert_eq!(host.registry.reserve().ok(), Some(id));
}

#[test]
fn only_regular_files_are_read() {
    let host = Host::new("files");
    let why = |reply: LoadReply| {
        let error = reply.error.unwrap();
        assert_eq!((reply.id, error.code()), (None, Code::NotFound));
        error.message().to_owned()
    };
    let folder = why(load_path(&host, host.folder.clone()));
    assert!(folder.contains("cannot be read: Is a directory"), "{folder}");
    let missing = why(load_path(&host, host.folder.join("missing.py")));
    assert!(missing.contains("cannot be read: No such file"), "{missing}");
    if cfg!(miri) {
        return;
    }
    // Whoever opened a pipe for reading would wait for a writer.
    let pipe = host.folder.join("pipe.py");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let pipe = why(load_path(&host, pipe));
    assert!(pipe.contains("cannot be read: it is no regular file"), "{pipe}");
}

#[test]
fn a_load_is_told_with_what_the_process_grew_by() {
    let host = Host::new("grown");
    let (reply, told) = outcome(&host, "a.py", "");
    let script = directory::live().into_iter().find(|script| Some(script.id) == reply.id).unwrap();
    let line = format!(
        "INFO loaded from {}; the process grew by {} KiB script={}",
        script.path().display(),
        script.memory.at_load() / 1024,
        script.label
    );
    assert!(told.contains(&line), "{told}");
}

#[test]
#[cfg_attr(miri, ignore = "it has no /proc")]
fn memory_that_a_load_takes_is_counted_for_the_script() {
    const SIZE: usize = 64 << 20;
    let host = Host::new("memory");
    let kept = Arc::new(Mutex::new(Vec::new()));
    let take = {
        let kept = Arc::clone(&kept);
        move || kept.lock().unwrap().resize(SIZE, 1_u8)
    };
    LOADING.with_borrow_mut(|next| next.push(Box::new(take)));
    let (_, serial) = host.loaded("a.py", "");
    let script = directory::live_with_serial(serial).unwrap();
    assert!(script.memory.at_load() > SIZE as i64 / 2, "{}", script.memory.at_load());
    // It is over: what is taken from now on is not counted for a script alone.
    drop(memory::Alone::start(&script));
    assert_eq!(kept.lock().unwrap().len(), SIZE);
}

#[test]
fn wrong_settings_leave_a_stub_that_lets_everything_pass() {
    let host = Host::new("settings");
    let text = "# vh: on_error = refus\n# vh: tell_operators = no\ndef OnTimer(now): pass\n";
    let (reply, told) = outcome(&host, "a.py", text);
    assert_eq!((reply.id, reply.error.unwrap().code()), (Some(0), Code::Unavailable));
    assert!(told.contains("a stub stands in for it, which lets everything pass"), "{told}");
    assert!(host.has_hook(0, hooks::ON_TIMER) && !host.has_hook(0, LOGIN));
    assert!(!alarms::any(), "nobody is to be told");
    assert_eq!(events(), Vec::<String>::new(), "it does not run");
    let text = "# vh: on_error = refus\ndef OnUserLogin(nick): pass\n";
    let (reply, told) = outcome(&host, "b.py", text);
    assert_eq!(reply.id, Some(1));
    assert!(told.contains("which refuses everything in OnUserLogin;"), "{told}");
    assert!(alarms::any());
}

#[test]
fn nobody_is_told_of_a_script_that_is_simply_not_loaded() {
    let host = Host::new("simply");
    let (reply, told) = outcome(&host, "a.py", "raise\n");
    assert_eq!(reply.id, None);
    assert!(!alarms::any() && !told.contains("stub"), "{told}");
}

unsafe extern "C" fn nothing(_: i32, _: *mut w_Targs) -> *mut w_Targs {
    std::ptr::null_mut()
}

#[test]
fn a_load_that_fails_gives_back_what_was_registered_for_it() {
    let host = Host::new("functions_back");
    // SAFETY: it stays callable.
    let function = unsafe { HostFunction::new(Some(nothing)) }.unwrap();
    let id = host.registry.reserve().unwrap();
    let functions = host.registry.functions(id).unwrap();
    functions.insert(b"f", vh_host::host_functions::Function::Plain(function));
    let seen = Arc::new(Mutex::new(None));
    let look = {
        let seen = Arc::clone(&seen);
        move || *seen.lock().unwrap() = current::script()
    };
    LOADING.with_borrow_mut(|next| next.push(Box::new(look)));
    assert!(host.load_under(id, "a.py", "raise\n").id.is_none());
    assert!(functions.find(b"f").is_none());
    let script = seen.lock().unwrap().take().unwrap();
    assert!(script.is_closed() && !script.is_live(), "threads that it started may still run");
}

#[test]
fn the_threads_of_a_script_that_a_stub_stands_in_for_call_nobody() {
    let host = Host::new("closed");
    let text = "raise\n# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    let id = host.load("a.py", text).id.unwrap();
    let script = directory::live().into_iter().find(|script| script.id == id).unwrap();
    assert!(script.is_closed() && script.is_live());
    assert!(host.registry.refuses(id, LOGIN) && !host.registry.refuses(id, CHAT));
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_script_that_crashed_is_held_back_once() {
    let host = Host::new("crash");
    crash::install(|| None);
    let path = host.file("a.py", "");
    let note =
        format!("signal SIGSEGV\ncall OnTimer\nruntime sub\ntime 1\nscript {}\n", path.display());
    std::fs::write(host.folder.join("vh_python_crash.txt"), note).unwrap();
    let (reply, told) = outcome(&host, "a.py", "");
    assert_eq!((reply.id, reply.error.unwrap().code()), (None, Code::Unavailable));
    assert!(told.contains("the process got SIGSEGV in its OnTimer (runtime sub)"), "{told}");
    assert!(alarms::any(), "operators are told, although there is no stub");
    assert_eq!(events(), Vec::<String>::new());
    host.loaded("a.py", "");
    assert!(!alarms::any(), "it runs");
    crash::uninstall();
}

#[test]
fn a_stub_has_the_hooks_that_the_script_had_when_it_ran() {
    let host = Host::new("known");
    let text = "# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    let (id, _) = host.loaded("a.py", text);
    host.registry.unload(id).unwrap();
    let text = "raise\n# vh: on_error = refuse\n";
    assert_eq!(host.load("a.py", text).id, Some(id));
    assert_eq!((host.hook(id, LOGIN), host.hook(id, CHAT)), (Some(0), None));
    host.registry.unload(id).unwrap();
    let both = "raise\n# vh: on_error = refuse\ndef OnUserLogin(nick): pass\n";
    assert_eq!(host.load("a.py", both).id, Some(id));
    assert_eq!(host.hook(id, LOGIN), Some(0), "its text shows it too");
    host.registry.unload_all();
    // All is forgotten when the hub ends.
    assert_eq!(host.load("a.py", text).id, Some(id));
    assert_eq!(host.hook(id, LOGIN), None);
}
