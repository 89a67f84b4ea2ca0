//! Our handlers for the signals of a crash. They run before those of the host, and the watchdog installs them
//! again soon after somebody has replaced them: hubs install their own when all plugins are loaded.
//!
//! Each action that the host has had gets a handler of ours to itself. So whoever saved the handler that was
//! there, and puts it back or calls it from a handler of its own, reaches the action of that time, however
//! often handlers were replaced in between.
//!
//! After the explanation the host's handler gets the signal, or the signal has its default effect, core dump
//! included.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::{SIGNALS, explain};
use vh_core::config;

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// How many actions of the host are told apart for each signal. When there are more, the oldest but the first
/// is forgotten.
const PLACES: usize = 8;

/// Our handlers, one for each place.
static OURS: [Handler; PLACES] = [
    on_crash::<0>,
    on_crash::<1>,
    on_crash::<2>,
    on_crash::<3>,
    on_crash::<4>,
    on_crash::<5>,
    on_crash::<6>,
    on_crash::<7>,
];

/// The flags of our handlers: the kernel says what happened, and runs them on a stack that is not used up.
const OUR_FLAGS: c_int = libc::SA_SIGINFO | libc::SA_ONSTACK;
/// The flags of the host's actions that we obey, and that an [`Action`] keeps.
const KEPT_FLAGS: [c_int; 2] = [libc::SA_RESETHAND, libc::SA_NODEFER];

/// What the host wants to happen: the address of the function and two of its flags. It is one word, so that a
/// handler can read it while it changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Action(u64);

impl Action {
    fn of(action: &libc::sigaction) -> Action {
        let flags = KEPT_FLAGS.iter().enumerate();
        let kept: u64 =
            flags.map(|(bit, flag)| u64::from(action.sa_flags & flag != 0) << bit).sum();
        Action((action.sa_sigaction as u64) << KEPT_FLAGS.len() | kept)
    }

    fn function(self) -> libc::sighandler_t {
        (self.0 >> KEPT_FLAGS.len()) as libc::sighandler_t
    }

    fn has(self, flag: c_int) -> bool {
        KEPT_FLAGS.iter().position(|&kept| kept == flag).is_some_and(|bit| self.0 >> bit & 1 != 0)
    }
}

const DEFAULT: Action = Action((libc::SIG_DFL as u64) << KEPT_FLAGS.len());

/// What handlers read of one signal.
struct Known {
    /// The host's action of each place, see [`Action`].
    actions: [AtomicU64; PLACES],
    /// The place of the action that was there at `w_Begin`.
    first: AtomicUsize,
    /// Set when we gave the signal its default effect on purpose, so that the process can end.
    let_go: AtomicBool,
}

static KNOWN: [Known; SIGNALS.len()] = [const {
    Known {
        actions: [const { AtomicU64::new(DEFAULT.0) }; PLACES],
        first: AtomicUsize::new(0),
        let_go: AtomicBool::new(false),
    }
}; SIGNALS.len()];

/// What is known of one signal when handlers are installed, masks included.
struct Places {
    /// How many are in use.
    used: usize,
    /// The one that is overwritten next when none is left.
    next: usize,
    actions: [Option<libc::sigaction>; PLACES],
}

/// Held while handlers are installed. A leaf lock, which no handler takes.
static PLACED: Mutex<[Places; SIGNALS.len()]> =
    Mutex::new([const { Places { used: 0, next: 0, actions: [None; PLACES] } }; SIGNALS.len()]);

/// Whether crashes are explained at the moment.
static ARMED: AtomicBool = AtomicBool::new(false);

pub fn is_armed() -> bool {
    ARMED.load(Ordering::Acquire)
}

/// Installs our handlers before the host's, unless `VH_PYTHON_CRASH_REPORT` is 0.
pub fn install() {
    if !config::switch("VH_PYTHON_CRASH_REPORT", true) {
        return;
    }
    ARMED.store(true, Ordering::Release);
    for known in &KNOWN {
        known.let_go.store(false, Ordering::Release);
    }
    for (index, (signal, name)) in SIGNALS.iter().enumerate() {
        if take_over(index) {
            let first = current(*signal).and_then(|now| place_of(&now)).unwrap_or_default();
            KNOWN[index].first.store(first, Ordering::Release);
        } else {
            tracing::warn!(
                "no handler for {name} can be installed: such crashes are not explained"
            );
        }
    }
}

/// Installs ours again where somebody replaced them. It costs a few system calls; the watchdog does it at
/// each tick, so that no call pays for it.
pub fn look_again() {
    if is_armed() {
        for index in 0..SIGNALS.len() {
            take_over(index);
        }
    }
}

/// Puts the host's handlers back where ours are still in place.
pub fn uninstall() {
    ARMED.store(false, Ordering::Release);
    let placed = PLACED.lock();
    for ((signal, _), places) in SIGNALS.iter().zip(placed.iter()) {
        let Some(now) = current(*signal) else { continue };
        let hosts = place_of(&now).and_then(|place| places.actions[place]);
        if let Some(hosts) = hosts {
            // SAFETY: what is put back was there before.
            unsafe { libc::sigaction(*signal, &raw const hosts, ptr::null_mut()) };
        }
    }
}

fn current(signal: c_int) -> Option<libc::sigaction> {
    // SAFETY: the kernel fills the structure when it returns 0.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        (libc::sigaction(signal, ptr::null(), &raw mut now) == 0).then_some(now)
    }
}

/// Which of our handlers it is, if any.
fn place_of(action: &libc::sigaction) -> Option<usize> {
    OURS.iter().position(|&ours| address(ours) == action.sa_sigaction)
}

fn address(handler: Handler) -> libc::sighandler_t {
    handler as *const () as libc::sighandler_t
}

/// Makes sure that a handler of ours gets the signal. False when the system refuses.
fn take_over(index: usize) -> bool {
    let (signal, _) = SIGNALS[index];
    let mut placed = PLACED.lock();
    let Some(mut now) = current(signal) else { return false };
    // Others may install theirs at this very moment; that is noticed, and we try again.
    for _ in 0..4 {
        let place = match place_of(&now) {
            // `signal()` puts a function back, but not the flags it had.
            Some(_) if now.sa_flags & OUR_FLAGS == OUR_FLAGS => return true,
            Some(place) => place,
            None if is_let_go(index, &now) => return true,
            None => placed[index].keep(index, &now),
        };
        let Some(before) = put(signal, place, &placed[index]) else { return false };
        if before.sa_sigaction == now.sa_sigaction && before.sa_flags == now.sa_flags {
            return true;
        }
        now = before;
    }
    true
}

/// Whether the signal has its default effect because we set it.
fn is_let_go(index: usize, now: &libc::sigaction) -> bool {
    let let_go = &KNOWN[index].let_go;
    if now.sa_sigaction == libc::SIG_DFL {
        return let_go.load(Ordering::Acquire);
    }
    let_go.store(false, Ordering::Release);
    false
}

/// Installs the handler of a place. Gives what was there before, or None when the system refuses.
fn put(signal: c_int, place: usize, places: &Places) -> Option<libc::sigaction> {
    // SAFETY: zeroed actions are filled; the handler follows the rules of signal handlers.
    unsafe {
        let mut ours: libc::sigaction = std::mem::zeroed();
        let mut before: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = address(OURS[place]);
        ours.sa_flags = OUR_FLAGS;
        // The kernel blocks, from before our handler on, what the host's handler wants blocked while it runs.
        if let Some(hosts) = places.actions[place].filter(is_handler) {
            ours.sa_mask = hosts.sa_mask;
        }
        (libc::sigaction(signal, &raw const ours, &raw mut before) == 0).then_some(before)
    }
}

/// Whether the action is a function to call, and not something that the kernel does by itself.
fn is_handler(action: &libc::sigaction) -> bool {
    !matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN)
}

impl Places {
    /// The place of an action of the host.
    fn keep(&mut self, index: usize, action: &libc::sigaction) -> usize {
        let wanted = Action::of(action);
        let known = self.actions[..self.used]
            .iter()
            .position(|known| known.as_ref().is_some_and(|known| Action::of(known) == wanted));
        let first = KNOWN[index].first.load(Ordering::Acquire);
        let place = known.unwrap_or_else(|| self.free(first));
        self.actions[place] = Some(*action);
        KNOWN[index].actions[place].store(wanted.0, Ordering::Release);
        place
    }

    fn free(&mut self, first: usize) -> usize {
        if self.used < PLACES {
            self.used += 1;
            return self.used - 1;
        }
        if self.next == first {
            self.next = (self.next + 1) % PLACES;
        }
        let oldest = self.next;
        self.next = (oldest + 1) % PLACES;
        oldest
    }
}

/// A signal on its way through handlers.
#[derive(Clone, Copy)]
struct Delivery {
    info: *mut libc::siginfo_t,
    context: *mut c_void,
    /// Whether somebody sent it, and no instruction failed.
    is_sent: bool,
    /// Where on the stack our first handler is.
    frame: usize,
    /// One bit for each place that it has passed; 0 when no signal is on its way.
    places: u32,
}

const NONE: Delivery = Delivery {
    info: ptr::null_mut(),
    context: ptr::null_mut(),
    is_sent: true,
    frame: 0,
    places: 0,
};

/// The kernel puts the arguments of a handler just above its frame, nearer than this.
const NEAR: usize = 16 * 1024;

/// Whether the kernel called a handler. Another handler may have called it and passed on the number alone, as
/// those of `signal()` do: then the other arguments are whatever was in their registers.
///
/// # Safety
/// `frame` is an address in the handler's frame.
unsafe fn is_kernels(
    signal: c_int,
    info: *const libc::siginfo_t,
    context: *const c_void,
    frame: usize,
) -> bool {
    let is_near = |address: usize| address.wrapping_sub(frame) < NEAR && address & 7 == 0;
    // SAFETY: what is so near above a frame is stack too.
    is_near(info as usize) && is_near(context as usize) && unsafe { (*info).si_signo } == signal
}

impl Delivery {
    /// A delivery by the kernel; or by a handler that somebody has just put before ours, and then it is not
    /// known what happened.
    ///
    /// # Safety
    /// The arguments of a handler, alive when they are the kernel's.
    unsafe fn new(
        info: *mut libc::siginfo_t,
        context: *mut c_void,
        frame: usize,
        is_kernels: bool,
    ) -> Delivery {
        // SAFETY: the caller promises that `info` is alive when it is the kernel's. Signals that somebody sent have a code of 0 and below.
        let is_sent = !is_kernels || unsafe { (*info).si_code } <= 0;
        Delivery { info, context, is_sent, frame, places: 0 }
    }

    /// Whether a handler that got this signal has called ours, with its own arguments or without.
    fn includes(&self, context: *mut c_void, frame: usize, is_kernels: bool) -> bool {
        self.is_around(frame) && (context == self.context || !is_kernels)
    }

    /// Whether a handler that got this signal is further down on the stack: it calls ours, or was
    /// interrupted. A handler that was left by `longjmp` is not there any more.
    fn is_around(&self, frame: usize) -> bool {
        self.places != 0 && self.frame > frame
    }

    /// What the host wants when the handler of `place` is reached. A chain of handlers that leads back to
    /// itself is cut: it gets the action that was there first, and after that the default.
    fn next(&mut self, index: usize, place: usize) -> Action {
        for place in [place, KNOWN[index].first.load(Ordering::Acquire)] {
            if self.places & 1 << place == 0 {
                self.places |= 1 << place;
                return Action(KNOWN[index].actions[place].load(Ordering::Acquire));
            }
        }
        DEFAULT
    }
}

/// The signal that a thread's handlers are dealing with.
struct Thread {
    /// The kernel's number of the thread; 0 when this record is free.
    number: AtomicI32,
    delivery: UnsafeCell<Delivery>,
}

// SAFETY: the delivery is the thread's own whose number is there.
unsafe impl Sync for Thread {}

/// One for each thread that is crashing. When more threads crash at once, the others are served too, but
/// their chains are not cut.
static THREADS: [Thread; 8] =
    [const { Thread { number: AtomicI32::new(0), delivery: UnsafeCell::new(NONE) } }; 8];

impl Thread {
    /// The record of the calling thread. It takes a free one if it has none.
    fn own() -> Option<&'static Thread> {
        // SAFETY: always allowed.
        let own = unsafe { libc::gettid() };
        let is_free = |thread: &&Thread| {
            thread.number.compare_exchange(0, own, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let known = THREADS.iter().find(|thread| thread.number.load(Ordering::Acquire) == own);
        known.or_else(|| THREADS.iter().find(is_free))
    }
}

extern "C" fn on_crash<const PLACE: usize>(
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    let Some(index) = SIGNALS.iter().position(|known| known.0 == signal) else { return };
    let spare = UnsafeCell::new(NONE);
    let thread = Thread::own();
    let delivery = thread.map_or(spare.get(), |thread| thread.delivery.get());
    let frame = spare.get() as usize;
    // SAFETY: this thread's own; who is interrupted by us, or calls us, has no reference to it.
    let outer = unsafe { *delivery };
    // SAFETY: our own arguments and frame.
    let is_kernels = unsafe { is_kernels(signal, info, context, frame) };
    let is_called_again = outer.includes(context, frame, is_kernels);
    let mut now = match is_called_again {
        true => outer,
        // SAFETY: our own arguments.
        false => unsafe { Delivery::new(info, context, frame, is_kernels) },
    };
    let action = now.next(index, PLACE);
    // SAFETY: it is still this thread's own.
    unsafe { *delivery = now };
    let is_ignored = action.function() == libc::SIG_IGN && now.is_sent;
    if !(is_called_again || outer.is_around(frame) || is_ignored) {
        // SAFETY: errno is this thread's; what it was is put back for the code that was interrupted.
        unsafe {
            let errno = *libc::__errno_location();
            explain(SIGNALS[index].1);
            *libc::__errno_location() = errno;
        }
    }
    // SAFETY: our own arguments, or those that the handler got which calls us.
    unsafe { pass_on(index, action, &now) };
    // SAFETY: it is still this thread's own.
    unsafe { *delivery = outer };
    if let Some(thread) = thread.filter(|_| outer.places == 0) {
        thread.number.store(0, Ordering::Release);
    }
}

/// Passes the signal on to whoever had it before.
///
/// # Safety
/// Called by a handler, with a delivery of what it was called with.
unsafe fn pass_on(index: usize, action: Action, delivery: &Delivery) {
    let (signal, _) = SIGNALS[index];
    match action.function() {
        libc::SIG_IGN if delivery.is_sent => return,
        libc::SIG_DFL | libc::SIG_IGN => {
            // When this returns, the instruction that failed runs again; a signal that was sent must be sent
            // again.
            put_default(index);
            if delivery.is_sent {
                // SAFETY: always allowed in handlers.
                unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), signal) };
            }
            return;
        }
        _ => {}
    }
    // Does what the kernel would have done before it called the host's handler.
    let is_for_once = action.has(libc::SA_RESETHAND);
    if is_for_once {
        put_default(index);
    }
    if action.has(libc::SA_NODEFER) {
        // SAFETY: always allowed in handlers; the mask is this thread's until the handler returns.
        unsafe {
            let mut own: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut own);
            libc::sigaddset(&raw mut own, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const own, ptr::null_mut());
        }
    }
    // SAFETY: it is a handler; as the kernel does, it is given three arguments, of which those without
    // SA_SIGINFO look at one.
    let handler = unsafe { std::mem::transmute::<usize, Handler>(action.function()) };
    handler(signal, delivery.info, delivery.context);
    if is_for_once {
        // The process goes on, so the next crash is to be explained before it ends the process.
        KNOWN[index].let_go.store(false, Ordering::Release);
    }
}

/// Gives the signal its default effect, which it keeps while the process ends.
fn put_default(index: usize) {
    KNOWN[index].let_go.store(true, Ordering::Release);
    // SAFETY: the default action; always allowed in handlers.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(SIGNALS[index].0, &raw const default, ptr::null_mut());
    }
}

#[cfg(test)]
mod tests;
