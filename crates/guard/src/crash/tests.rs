//! What is written about a crash, where, and what comes of it at the next load.

use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Weak};

use super::*;
use crate::fake::{call, script_at};
use crate::interrupt::Interrupt;
use crate::watchdog::Attempt;
use vh_core::runtime::Runtime;
use vh_host::fake_hub::FakeHub;
use vh_testing::told;

/// Where the interpreter of all threads is, for these tests.
const PLACE: usize = 42;

/// Our handlers, a hub, and a folder, for one test at a time.
struct Armed {
    folder: PathBuf,
    _hub: FakeHub,
}

impl Armed {
    fn new() -> Armed {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let hub = FakeHub::begin(|_| false);
        install(|| Some(PLACE));
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("vh_crash_{}_{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Armed { folder, _hub: hub }
    }

    fn script(&self, source: &str) -> Arc<ScriptInfo> {
        script_at(1, self.folder.join("a.py"), source)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Takes what was written about a crash.
    fn note(&self) -> Option<String> {
        let note = std::fs::read_to_string(self.file()).ok()?;
        std::fs::remove_file(self.file()).unwrap();
        Some(note)
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        uninstall();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_note_is_written_where_that_can_be_done() {
    let armed = Armed::new();
    let script = armed.script("");
    let save = |path: &Path| {
        let path = CString::new(path.as_os_str().as_bytes()).unwrap();
        save(&path, &script, "SIGTEST", "OnTimer")
    };
    assert!(save(&armed.file()));
    assert!(armed.note().unwrap().starts_with("signal SIGTEST\ncall OnTimer\n"));
    assert!(!save(&armed.folder.join("none").join("file")));
}

#[test]
fn the_file_lies_in_the_configuration_folder_or_beside_the_script() {
    let path = Path::new("/s/a.py");
    assert_eq!(files(path, None), [c"/s/vh_python_crash.txt".to_owned()]);
    let both = [c"/c/vh_python_crash.txt".to_owned(), c"/s/vh_python_crash.txt".to_owned()];
    assert_eq!(files(path, Some(b"/c")), both);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_crash_in_a_call_is_noted() {
    let armed = Armed::new();
    let script = armed.script("");
    explain("SIGTEST");
    assert_eq!(armed.note(), None, "no call runs here");
    let running = call(script.entry_points.hook(0));
    explain("SIGTEST");
    let note = armed.note().unwrap();
    let (begin, rest) = note.split_once("\ntime ").unwrap();
    assert_eq!(begin, "signal SIGTEST\ncall OnNewConn\nruntime ");
    let (time, end) = rest.split_once('\n').unwrap();
    assert!(time.parse::<u64>().unwrap() > 1_000_000_000);
    assert_eq!(end, format!("script {}\n", script.path().display()));
    let visit = slot::of_this_thread().enter_host();
    explain("SIGTEST");
    assert_eq!(armed.note(), None, "the hub itself is at fault");
    drop(visit);
    drop(running);
    explain("SIGTEST");
    assert_eq!(armed.note(), None, "it has ended");
}

#[derive(Debug)]
struct Nowhere;

impl Interrupt for Nowhere {
    fn interrupt(self: Arc<Self>, _: &Attempt) {}
}

fn move_in(script: &ScriptInfo, address: usize) {
    let nowhere: Weak<Nowhere> = Weak::new();
    script.moves_in(Runtime::Main, nowhere, address);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_crash_in_a_thread_of_a_script_is_noted_where_it_lives_alone() {
    let armed = Armed::new();
    let explain = || {
        std::thread::scope(|scope| scope.spawn(|| explain("SIGTEST")).join().unwrap());
        armed.note()
    };
    let (one, other) = (armed.script(""), armed.script(""));
    assert_eq!(explain(), None);
    move_in(&other, PLACE + 1);
    assert_eq!(explain(), None, "it lives elsewhere");
    move_in(&one, PLACE);
    let note = explain().unwrap();
    assert!(note.starts_with("signal SIGTEST\ncall (its own thread)\nruntime main\n"), "{note}");
    move_in(&other, PLACE);
    assert_eq!(explain(), None, "nobody knows which of the two");
    one.moves_out();
    assert!(explain().is_some());
    drop(other);
    assert_eq!(explain(), None);
}

#[test]
fn it_is_said_whether_the_script_is_held_back() {
    let armed = Armed::new();
    assert!(at_fault(&armed.script("")).contains("is held back once"));
    assert!(!at_fault(&armed.script("# vh: hold_back = no\n")).contains("held back"));
}

fn crashed(script: &ScriptInfo) {
    note(script, "SIGTEST", "OnTimer");
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn who_crashed_is_held_back_once() {
    let armed = Armed::new();
    let script = armed.script("");
    assert!(reason_to_hold_back(&script).is_none());
    crashed(&script);
    let (held, told) = told(|| reason_to_hold_back(&script));
    let (reason, error) = held.unwrap();
    let crash = "the process got SIGTEST in its OnTimer (runtime )";
    assert_eq!(reason, format!("it is held back once, because {crash} when it ran last"));
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        told.contains(&format!("is held back this time: when it ran last, {crash}.")),
        "{told}"
    );
    assert!(reason_to_hold_back(&script).is_none() && armed.note().is_none(), "only once");
    crashed(&script);
    let other = script_at(1, armed.folder.join("b.py"), "");
    assert!(reason_to_hold_back(&other).is_none(), "it was another");
    uninstall();
    assert!(reason_to_hold_back(&script).is_none(), "nothing is explained now");
    install(|| Some(PLACE));
    assert!(reason_to_hold_back(&script).is_some());
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn who_does_not_want_it_is_not_held_back() {
    let armed = Armed::new();
    let script = armed.script("# vh: hold_back = no\n");
    crashed(&script);
    let (held, told) = told(|| reason_to_hold_back(&script));
    assert!(held.is_none() && armed.note().is_none());
    assert!(told.contains("ERROR the process got SIGTEST in its OnTimer"), "{told}");
    assert!(told.contains("because of its comment"), "{told}");
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_file_that_is_not_ours_is_left_alone_and_told_once() {
    let armed = Armed::new();
    let script = armed.script("");
    std::fs::create_dir(armed.file()).unwrap();
    let hold_back = || told(|| reason_to_hold_back(&script).is_some());
    let (held, told) = hold_back();
    assert!(!held && told.contains("is left alone, for it is no file"), "{told}");
    assert_eq!(hold_back(), (false, String::new()));
    install(|| Some(PLACE));
    assert!(hold_back().1.contains("is left alone"), "at each start");
    std::fs::remove_dir(armed.file()).unwrap();
    std::fs::write(armed.file(), "signal SIGTEST\n").unwrap();
    assert_eq!(hold_back(), (false, String::new()), "it tells of nothing");
}

#[test]
fn a_value_stands_behind_the_first_space() {
    assert_eq!(
        [value(b"call f g"), value(b"call"), value(b"a "), value(b"")],
        [b"f g".as_slice(), b"call", b"", b""]
    );
}

/// The stack for signals of this thread: its address, 0 when there is none, and its size.
fn signal_stack() -> (usize, usize) {
    // SAFETY: the kernel fills the structure.
    unsafe {
        let mut stack: libc::stack_t = std::mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut stack);
        let is_there = stack.ss_flags & libc::SS_DISABLE == 0;
        (if is_there { stack.ss_sp as usize } else { 0 }, stack.ss_size)
    }
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_thread_without_a_stack_for_signals_is_given_one() {
    let armed = Armed::new();
    // Rust gives its threads such a stack.
    let own = signal_stack();
    assert_eq!((stack::add(), signal_stack()), (0, own));
    std::thread::spawn(|| {
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        let mut theirs = none;
        // SAFETY: it is put back before the thread ends.
        unsafe { libc::sigaltstack(&raw const none, &raw mut theirs) };
        let address = stack::add();
        assert_ne!(address, 0);
        assert_eq!(signal_stack(), (address, 256 * 1024));
        // SAFETY: its first and its last byte, which nobody uses.
        unsafe {
            (address as *mut u8).write_volatile(1);
            (address as *mut u8).add(256 * 1024 - 1).write_volatile(1);
        }
        stack::remove(0);
        stack::remove(address + 4096);
        assert_eq!(signal_stack().0, address, "another stack");
        stack::remove(address);
        assert_eq!(signal_stack().0, 0);
        uninstall();
        assert_eq!((stack::add(), signal_stack().0), (0, 0), "crashes are not explained now");
        // SAFETY: what was there before.
        unsafe { libc::sigaltstack(&raw const theirs, ptr::null_mut()) };
    })
    .join()
    .unwrap();
    drop(armed);
}
