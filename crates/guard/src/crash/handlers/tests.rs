//! Handlers of a host that come before, after and instead of ours. The signal is one that no other test of
//! this process needs, and is sent to the thread of the test.

use std::path::PathBuf;
use std::sync::atomic::AtomicU32;

use super::*;
use crate::crash::stack;
use crate::fake::{call, script_at};
use vh_host::fake_hub::FakeHub;
use vh_testing::with_variable;

const SIGNAL: c_int = libc::SIGBUS;

fn index() -> usize {
    SIGNALS.iter().position(|&(signal, _)| signal == SIGNAL).unwrap()
}

/// How often each handler of the host was called.
static CALLS: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// What a handler of the host saved, which it calls.
static SAVED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn counts<const NUMBER: usize>(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    CALLS[NUMBER].fetch_add(1, Ordering::Relaxed);
    // SAFETY: the kernel's own, or what ours passes on.
    let is_own = signal == SIGNAL && !context.is_null() && unsafe { (*info).si_signo } == SIGNAL;
    if !is_own {
        // A test that expects one call sees a hundred.
        CALLS[NUMBER].fetch_add(100, Ordering::Relaxed);
    }
}

extern "C" fn counts_and_calls_saved(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    CALLS[1].fetch_add(1, Ordering::Relaxed);
    take_note();
    let saved = SAVED.load(Ordering::Relaxed);
    // SAFETY: a handler that was there before.
    let saved = unsafe { std::mem::transmute::<usize, Handler>(saved) };
    saved(signal, info, context);
}

/// The file with the explanation of a crash, for the one test that has a script.
static NOTE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes the explanation; whether there was one.
fn take_note() -> bool {
    NOTE.lock().as_ref().is_some_and(|note| std::fs::remove_file(note).is_ok())
}

/// How often the two handlers of the host were called since this was last asked.
fn calls() -> [u32; 2] {
    [0, 1].map(|number| CALLS[number].swap(0, Ordering::Relaxed))
}

/// Sets what the host wants to happen, and gives what was there.
fn host_sets(function: libc::sighandler_t, flags: c_int) -> libc::sigaction {
    // SAFETY: zeroed actions are filled; each handler follows the rules of signal handlers.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        let mut before: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = function;
        action.sa_flags = flags;
        libc::sigaddset(&raw mut action.sa_mask, libc::SIGUSR1);
        assert_eq!(libc::sigaction(SIGNAL, &raw const action, &raw mut before), 0);
        before
    }
}

fn raise() {
    // SAFETY: a handler of this test gets it.
    assert_eq!(unsafe { libc::raise(SIGNAL) }, 0);
}

fn now() -> libc::sigaction {
    current(SIGNAL).unwrap()
}

/// A host, for one test at a time, on a thread with a stack of ours for signals: the one that Rust gives its
/// threads is too small for what is not optimised. What was there before is put back.
struct Host {
    before: libc::sigaction,
    stack: usize,
    stack_before: libc::stack_t,
    _hub: FakeHub,
}

impl Host {
    /// A host with this action, before ours are installed.
    fn with(function: libc::sighandler_t, flags: c_int) -> Host {
        let hub = FakeHub::begin(|_| false);
        calls();
        let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        let (before, mut stack_before) = (host_sets(function, flags), none);
        // SAFETY: it is put back by `drop`.
        unsafe { libc::sigaltstack(&raw const none, &raw mut stack_before) };
        install();
        Host { before, stack: stack::add(), stack_before, _hub: hub }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        uninstall();
        stack::remove(self.stack);
        // SAFETY: what was there before this test.
        unsafe {
            libc::sigaltstack(&raw const self.stack_before, ptr::null_mut());
            libc::sigaction(SIGNAL, &raw const self.before, ptr::null_mut());
        }
    }
}

fn first() -> libc::sighandler_t {
    address(counts::<0>)
}

fn second() -> libc::sighandler_t {
    address(counts::<1>)
}

#[test]
fn an_action_is_its_function_and_two_flags() {
    // SAFETY: zeroes are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    for flags in [0, libc::SA_RESETHAND, libc::SA_NODEFER, libc::SA_RESETHAND | libc::SA_NODEFER] {
        action.sa_sigaction = first();
        action.sa_flags = flags | libc::SA_SIGINFO | libc::SA_RESTART;
        let kept = Action::of(&action);
        assert_eq!(kept.function(), first());
        for flag in KEPT_FLAGS {
            assert_eq!(kept.has(flag), flags & flag != 0);
        }
        assert!(!kept.has(libc::SA_SIGINFO));
    }
    assert_eq!(DEFAULT.function(), libc::SIG_DFL);
}

#[test]
fn the_oldest_place_but_the_first_is_used_again() {
    let mut places = Places { used: 0, next: 0, actions: [None; PLACES] };
    let first = 2;
    let found: Vec<_> = (0..PLACES + 4).map(|_| places.free(first)).collect();
    assert_eq!(found[..PLACES], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(found[PLACES..], [0, 1, 3, 4]);
    places.next = PLACES - 1;
    assert_eq!([places.free(0), places.free(0)], [PLACES - 1, 1]);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn the_handler_of_the_host_gets_the_signal_after_ours() {
    let host = Host::with(first(), libc::SA_SIGINFO);
    assert!(is_armed() && place_of(&now()).is_some());
    assert_eq!(now().sa_flags & OUR_FLAGS, OUR_FLAGS);
    let mask = now().sa_mask;
    // SAFETY: the mask of the action that is there.
    let blocks = |signal| unsafe { libc::sigismember(&raw const mask, signal) == 1 };
    assert!(blocks(libc::SIGUSR1) && !blocks(libc::SIGUSR2), "as the host wants it");
    raise();
    raise();
    assert_eq!(calls(), [2, 0]);
    let is_free = |thread: &Thread| thread.number.load(Ordering::Relaxed) == 0;
    assert!(THREADS.iter().all(is_free), "other threads that crash find room");
    let ours = now().sa_sigaction;
    look_again();
    assert_eq!(now().sa_sigaction, ours);
    drop(host);
    assert!(!is_armed());
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn the_hosts_handlers_come_back_at_the_end() {
    let host = Host::with(first(), libc::SA_SIGINFO);
    uninstall();
    assert_eq!((now().sa_sigaction, is_armed()), (first(), false));
    look_again();
    assert_eq!(now().sa_sigaction, first(), "nothing is explained any more");
    host_sets(second(), libc::SA_SIGINFO);
    uninstall();
    assert_eq!(now().sa_sigaction, second(), "it is not ours");
    drop(host);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn the_environment_can_leave_crashes_to_the_host() {
    let hub = FakeHub::begin(|_| false);
    let before = host_sets(first(), libc::SA_SIGINFO);
    with_variable("VH_PYTHON_CRASH_REPORT", "0", install);
    assert_eq!((now().sa_sigaction, is_armed()), (first(), false));
    // SAFETY: what was there before.
    unsafe { libc::sigaction(SIGNAL, &raw const before, ptr::null_mut()) };
    drop(hub);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_handler_that_the_host_sets_later_is_called_and_may_call_the_one_before() {
    let _host = Host::with(first(), libc::SA_SIGINFO);
    let saved = host_sets(second(), libc::SA_SIGINFO);
    assert_eq!(place_of(&now()), None);
    raise();
    assert_eq!(calls(), [0, 1], "ours is not there at the moment");
    look_again();
    let ours = place_of(&now()).unwrap();
    raise();
    assert_eq!(calls(), [0, 1]);
    SAVED.store(saved.sa_sigaction, Ordering::Relaxed);
    host_sets(address(counts_and_calls_saved), libc::SA_SIGINFO);
    look_again();
    assert_ne!(place_of(&now()), Some(ours), "each action has a place of its own");
    raise();
    assert_eq!(calls(), [1, 1], "what it saved is the first handler, by ours");
    host_sets(second(), libc::SA_SIGINFO);
    look_again();
    assert_eq!(place_of(&now()), Some(ours), "the same action again");
    host_sets(saved.sa_sigaction, saved.sa_flags);
    look_again();
    raise();
    assert_eq!(calls(), [1, 0], "what was saved is put back");
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_chain_that_leads_back_to_itself_ends_with_the_first_handler() {
    let _host = Host::with(first(), libc::SA_SIGINFO);
    host_sets(address(counts_and_calls_saved), libc::SA_SIGINFO);
    look_again();
    // It calls our own handler, which would call it again.
    SAVED.store(now().sa_sigaction, Ordering::Relaxed);
    raise();
    assert_eq!(calls(), [1, 1]);
    raise();
    assert_eq!(calls(), [1, 1]);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_crash_is_explained_once_however_many_handlers_get_it() {
    let _host = Host::with(first(), libc::SA_SIGINFO);
    let folder = std::env::temp_dir().join(format!("vh_handlers_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    *NOTE.lock() = Some(folder.join("vh_python_crash.txt"));
    let script = script_at(1, folder.join("a.py"), "");
    let running = call(script.entry_points.hook(0));
    raise();
    assert!(take_note() && !take_note());
    // The second handler takes the note away and calls ours again.
    let saved = host_sets(address(counts_and_calls_saved), libc::SA_SIGINFO);
    SAVED.store(saved.sa_sigaction, Ordering::Relaxed);
    look_again();
    raise();
    assert!(!take_note());
    host_sets(libc::SIG_IGN, 0);
    look_again();
    raise();
    assert!(!take_note(), "the host ignores it");
    drop(running);
    *NOTE.lock() = None;
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_signal_that_the_host_ignores_ends_nothing() {
    let _host = Host::with(libc::SIG_IGN, 0);
    assert!(place_of(&now()).is_some());
    raise();
    assert!(place_of(&now()).is_some() && !KNOWN[index()].let_go.load(Ordering::Relaxed));
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn our_flags_come_back_when_only_the_function_did() {
    let _host = Host::with(first(), libc::SA_SIGINFO);
    let ours = now().sa_sigaction;
    host_sets(ours, 0);
    look_again();
    assert_eq!((now().sa_sigaction, now().sa_flags & OUR_FLAGS), (ours, OUR_FLAGS));
    raise();
    assert_eq!(calls(), [1, 0]);
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_handler_for_once_leaves_the_default_and_ours_comes_again() {
    let _host = Host::with(first(), libc::SA_SIGINFO | libc::SA_RESETHAND);
    raise();
    assert_eq!((calls(), now().sa_sigaction), ([1, 0], libc::SIG_DFL));
    assert!(!KNOWN[index()].let_go.load(Ordering::Relaxed));
    look_again();
    assert!(place_of(&now()).is_some(), "the next crash is to be explained");
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn the_default_that_we_set_ourselves_stays() {
    let _host = Host::with(first(), libc::SA_SIGINFO);
    put_default(index());
    look_again();
    assert_eq!(now().sa_sigaction, libc::SIG_DFL, "so that the process can end");
    host_sets(second(), libc::SA_SIGINFO);
    look_again();
    assert!(place_of(&now()).is_some() && !KNOWN[index()].let_go.load(Ordering::Relaxed));
    put_default(index());
    install();
    assert!(place_of(&now()).is_some(), "another hub begins");
    host_sets(second(), libc::SA_SIGINFO);
}

/// Raises the signal again, from inside, the first time.
extern "C" fn raises_again(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    if CALLS[0].fetch_add(1, Ordering::Relaxed) == 0 {
        raise();
        // It waits until this returns, unless the host wants it at once.
        CALLS[1].store(CALLS[0].load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it has no signal handlers")]
fn a_handler_is_interrupted_by_its_own_signal_only_where_it_asks_for_that() {
    let host = Host::with(address(raises_again), libc::SA_SIGINFO);
    raise();
    assert_eq!(calls(), [2, 1]);
    host_sets(address(raises_again), libc::SA_SIGINFO | libc::SA_NODEFER);
    look_again();
    raise();
    assert_eq!(calls(), [2, 2]);
    drop(host);
}

#[test]
fn the_kernel_puts_its_arguments_near_above_the_frame() {
    // SAFETY: zeroes are valid.
    let mut stack: [u64; 64] = [0; 64];
    let info = stack.as_mut_ptr().wrapping_add(8).cast::<libc::siginfo_t>();
    let frame = stack.as_mut_ptr() as usize;
    // SAFETY: room for it on this stack.
    unsafe { (*info).si_signo = SIGNAL };
    let context = (frame + 256) as *const c_void;
    // SAFETY: what is near above the frame is the array.
    let is = |signal, info, context, frame| unsafe { is_kernels(signal, info, context, frame) };
    assert!(is(SIGNAL, info, context, frame));
    assert!(!is(libc::SIGSEGV, info, context, frame));
    assert!(!is(SIGNAL, ptr::null(), context, frame));
    assert!(!is(SIGNAL, info, (frame + NEAR) as *const c_void, frame));
    assert!(is(SIGNAL, info, (frame + NEAR - 8) as *const c_void, frame));
    assert!(!is(SIGNAL, info, (frame + 257) as *const c_void, frame));
    assert!(!is(SIGNAL, info, (frame - 8) as *const c_void, frame));
    assert!(!is(SIGNAL, (frame + 65) as *const libc::siginfo_t, context, frame));
}

#[test]
fn a_delivery_knows_who_sent_it_and_who_is_around_it() {
    // SAFETY: zeroes are valid.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let mut new = |code, is_kernels| {
        info.si_code = code;
        // SAFETY: it is alive.
        unsafe { Delivery::new(&raw mut info, ptr::null_mut(), 1000, is_kernels) }
    };
    assert!(new(0, true).is_sent && new(-6, true).is_sent && new(1, false).is_sent);
    let mut failed = new(1, true);
    assert!(!failed.is_sent);
    let context = 8 as *mut c_void;
    assert!(!failed.is_around(900) && !failed.includes(ptr::null_mut(), 900, true));
    failed.places = 1;
    assert!(failed.is_around(900) && !failed.is_around(1000) && !failed.is_around(1100));
    assert!(failed.includes(ptr::null_mut(), 900, true));
    assert!(!failed.includes(context, 900, true), "another signal");
    assert!(failed.includes(context, 900, false), "a handler calls ours without its arguments");
    assert!(!failed.includes(context, 1100, false));
}
