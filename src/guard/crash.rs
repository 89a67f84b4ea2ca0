//! Who was running when the process crashed: a fatal signal inside a script's call leaves a line in
//! the log and a small file, and at the next start that script is held back once.
//!
//! The handler runs in a process that is broken: it calls nothing but what POSIX lists as safe in
//! signal handlers, takes no lock, and allocates nothing. Then the host's own handler has its turn,
//! or the signal its default effect, core dump included.

use std::cell::UnsafeCell;
use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

mod file;

use super::{Profile, slot};
use crate::config;
use crate::last_error::{self, Code};
use crate::python::interpreter;
use crate::scripts::Context;
use crate::threads::{Record, Records};

/// The signals of a crash, and their names.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
];
/// The file's name, in the hub's configuration folder or else beside the script.
const FILE: &str = "vh_python_crash.txt";

/// What was there before our handler.
struct Previous {
    action: UnsafeCell<libc::sigaction>,
    /// Whether our handler is in the way of the signal.
    installed: AtomicBool,
}

// SAFETY: written before the handler is installed, and only read while it is.
unsafe impl Sync for Previous {}

static PREVIOUS: [Previous; SIGNALS.len()] = [const {
    Previous {
        // SAFETY: a structure of numbers and pointers that may be NULL.
        action: UnsafeCell::new(unsafe { std::mem::zeroed() }),
        installed: AtomicBool::new(false),
    }
}; SIGNALS.len()];

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

fn address(handler: Handler) -> libc::sighandler_t {
    handler as *const () as libc::sighandler_t
}

/// Puts our handler before the host's, unless `VH_PYTHON_CRASH_REPORT` is 0.
pub fn install() {
    TOLD_OF_FOREIGN.store(false, Ordering::Relaxed);
    if !config::switch("VH_PYTHON_CRASH_REPORT", true) {
        return;
    }
    for ((signal, name), previous) in SIGNALS.iter().zip(&PREVIOUS) {
        // It is still there when somebody had put a handler before it, who may call it.
        if previous.installed.load(Ordering::Acquire) {
            continue;
        }
        // SAFETY: a zeroed action is filled; the handler follows the rules of signal handlers.
        let failed = unsafe {
            libc::sigaction(*signal, ptr::null(), previous.action.get());
            let hosts = &*previous.action.get();
            let mut ours: libc::sigaction = std::mem::zeroed();
            ours.sa_sigaction = address(on_crash);
            ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            // What the host's handler wants blocked while it runs, the kernel blocks before ours.
            if is_handler(hosts) {
                ours.sa_mask = hosts.sa_mask;
            }
            previous.installed.store(true, Ordering::Release);
            libc::sigaction(*signal, &raw const ours, ptr::null_mut())
        };
        if failed != 0 {
            previous.installed.store(false, Ordering::Release);
            tracing::warn!(
                "no handler for {name} can be installed: such crashes are not explained"
            );
        }
    }
}

/// Puts the host's handlers back where ours are still in place.
pub fn uninstall() {
    for ((signal, _), previous) in SIGNALS.iter().zip(&PREVIOUS) {
        // SAFETY: the structures are ours; what is put back was there before.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(*signal, ptr::null(), &raw mut now);
            if previous.installed.load(Ordering::Acquire) && now.sa_sigaction == address(on_crash) {
                libc::sigaction(*signal, previous.action.get(), ptr::null_mut());
                previous.installed.store(false, Ordering::Release);
            }
        }
    }
}

/// Whether there is a function to call, and not only what the kernel does by itself.
fn is_handler(action: &libc::sigaction) -> bool {
    !matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN)
}

/// Whether crashes are explained at the moment.
fn is_installed() -> bool {
    PREVIOUS.iter().any(|previous| previous.installed.load(Ordering::Acquire))
}

extern "C" fn on_crash(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(index) = SIGNALS.iter().position(|known| known.0 == signal) else { return };
    // SAFETY: errno is this thread's; what it was is put back for the code that was interrupted.
    let errno = unsafe { *libc::__errno_location() };
    explain(SIGNALS[index].1);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    // SAFETY: the kernel's own arguments.
    unsafe { pass_on(index, signal, info, context) };
}

/// Gives the signal to who had it before.
///
/// # Safety
/// Called by the handler with its arguments.
unsafe fn pass_on(index: usize, signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: filled when the handler was installed.
    let previous = unsafe { &*PREVIOUS[index].action.get() };
    // SAFETY: by contract. Signals that somebody sent have a code of 0 and below.
    let was_sent = unsafe { (*info).si_code } <= 0;
    match previous.sa_sigaction {
        libc::SIG_IGN if was_sent => return,
        libc::SIG_DFL | libc::SIG_IGN => {
            // The instruction that failed runs again when this returns; a signal that was sent is
            // sent again.
            // SAFETY: the default action; always allowed in handlers.
            unsafe {
                put_default(index, signal);
                if was_sent {
                    libc::syscall(libc::SYS_tgkill, libc::getpid(), libc::gettid(), signal);
                }
            }
            return;
        }
        _ => {}
    }
    // What the kernel would have done before it called the host's handler.
    // SAFETY: always allowed in handlers; the mask is this thread's until the handler returns.
    unsafe {
        if previous.sa_flags & libc::SA_RESETHAND != 0 {
            put_default(index, signal);
        }
        if previous.sa_flags & libc::SA_NODEFER != 0 {
            let mut own: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut own);
            libc::sigaddset(&raw mut own, signal);
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const own, ptr::null_mut());
        }
    }
    match previous.sa_sigaction {
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with this flag it is a function of this type.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without the flag it is a function of this type.
            let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
            handler(signal);
        }
    }
}

/// Makes the signal do what it does by default. When that replaces our handler, it is installed
/// anew at the next `w_Begin`.
///
/// # Safety
/// Called by the handler of the signal of this index.
unsafe fn put_default(index: usize, signal: c_int) {
    // SAFETY: the default action; always allowed in handlers.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        let mut before: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        libc::sigaction(signal, &raw const default, &raw mut before);
        if before.sa_sigaction == address(on_crash) {
            PREVIOUS[index].installed.store(false, Ordering::Release);
        }
    }
}

/// Says which script this thread was running, if any.
fn explain(signal: &str) {
    // SAFETY: always allowed.
    let thread = unsafe { libc::gettid() };
    let Some(slot) = slot::all().find(|slot| slot.kernel_thread() == thread) else {
        // No thread that the host calls scripts on.
        return explain_own_thread(signal);
    };
    let Some(seen) = slot.look() else { return };
    // SAFETY: its call runs on this very thread, so it is there.
    let callee = unsafe { &*seen.callee };
    let profile = callee.profile();
    let mut line = Line::new();
    line.add("PY: [").add(&profile.label).add("] the process got ").add(signal).add(" in ");
    line.add(callee.name()).add(" (runtime ").add(profile.runtime_name()).add("): ");
    if slot.is_in_host() {
        line.add("in a function of the hub that the script called\n").log();
        return;
    }
    line.add(AT_FAULT).log();
    note(profile, signal, callee.name());
}

const AT_FAULT: &str = "the script, or a C extension it uses, is at fault. It is held back once when it \
                        is loaded again\n";

/// The same for a thread that a script started. In the main interpreter nobody knows which script that
/// was, so all of its scripts are named, and none is held back.
fn explain_own_thread(signal: &str) {
    let Some(interpreter) = interpreter::of_this_thread() else { return };
    let profiles = || {
        let homes =
            HOMES.all().filter(|home| home.interpreter.load(Ordering::Acquire) == interpreter);
        // SAFETY: a profile leaves its home before it is freed.
        homes.filter_map(|home| unsafe { home.profile.load(Ordering::Acquire).as_ref() })
    };
    let Some(first) = profiles().next() else { return };
    let mut line = Line::new();
    if profiles().nth(1).is_none() {
        line.add("PY: [").add(&first.label).add("] the process got ").add(signal);
        line.add(" in a thread of its own (runtime ").add(first.runtime_name()).add("): ");
        line.add(AT_FAULT).log();
        return note(first, signal, "(its own thread)");
    }
    line.add("PY: the process got ")
        .add(signal)
        .add(" in a thread that one of these scripts started:");
    for profile in profiles() {
        line.add(" [").add(&profile.label).add("]");
    }
    line.add("\n").log();
}

/// Writes the file that holds the script back.
fn note(profile: &Profile, signal: &str, call: &str) {
    let mut note = Line::new();
    note.add("signal ").add(signal).add("\ncall ").add(call).add("\nruntime ");
    // SAFETY: always allowed.
    note.add(profile.runtime_name()).add("\ntime ").number(unsafe { libc::time(ptr::null_mut()) });
    note.add("\nscript ").bytes(&profile.path).add("\n");
    let written = profile.crash_files.iter().any(|file| note.save(file));
    if !written {
        let mut line = Line::new();
        line.add("PY: ").add(FILE).add(" cannot be written: the script is not held back\n").log();
    }
}

/// Which script lives in which interpreter, for threads that scripts started.
#[derive(Debug, Default)]
struct Home {
    /// The address of the interpreter; 0 is none.
    interpreter: AtomicUsize,
    profile: AtomicPtr<Profile>,
}

static HOMES: Records<Home> = Records::new();

/// A script's place in `HOMES`.
pub struct Residence(&'static Record<Home>);

impl std::fmt::Debug for Residence {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Residence")
    }
}

impl Residence {
    /// The script lives there until this is dropped, which the profile does before it goes.
    pub fn new(profile: &Profile, interpreter: usize) -> Residence {
        let home = HOMES.take();
        home.profile.store(ptr::from_ref(profile).cast_mut(), Ordering::Release);
        home.interpreter.store(interpreter, Ordering::Release);
        Residence(home)
    }
}

impl Drop for Residence {
    fn drop(&mut self) {
        self.0.interpreter.store(0, Ordering::Release);
        self.0.profile.store(ptr::null_mut(), Ordering::Release);
        self.0.give_back();
    }
}

/// A text on the stack. What does not fit is left out.
struct Line {
    bytes: [u8; 4096 + 512],
    length: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 4096 + 512], length: 0 }
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Line {
        for &byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
        }
        self
    }

    fn add(&mut self, text: &str) -> &mut Line {
        self.bytes(text.as_bytes())
    }

    fn number(&mut self, number: i64) -> &mut Line {
        let mut digits = [0; 20];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        while first > 0 {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes(&digits[first..])
    }

    /// To standard output, which is the log, and to standard error, where others look for crashes.
    fn log(&self) {
        self.write(libc::STDOUT_FILENO);
        if identity(libc::STDOUT_FILENO) != identity(libc::STDERR_FILENO) {
            self.write(libc::STDERR_FILENO);
        }
    }

    fn write(&self, file: c_int) -> bool {
        // SAFETY: the filled part of the array.
        let written = unsafe { libc::write(file, self.bytes.as_ptr().cast(), self.length) };
        usize::try_from(written) == Ok(self.length)
    }

    fn save(&self, path: &CStr) -> bool {
        let file = file::create(path);
        if file < 0 {
            return false;
        }
        let written = self.write(file);
        // SAFETY: opened above.
        unsafe { libc::close(file) };
        written
    }
}

/// Tells open files apart; None for one that is closed.
fn identity(file: c_int) -> Option<(libc::dev_t, libc::ino_t)> {
    // SAFETY: the kernel fills the structure when it returns 0; allowed in signal handlers.
    unsafe {
        let mut status: libc::stat = std::mem::zeroed();
        (libc::fstat(file, &raw mut status) == 0).then_some((status.st_dev, status.st_ino))
    }
}

/// Where a script's crash is written: in the configuration folder, or else beside it.
pub fn files(path: &Path, config_dir: Option<&[u8]>) -> Vec<CString> {
    let beside = path.parent().map(Path::to_path_buf);
    let folders = [config_dir.map(|folder| PathBuf::from(OsStr::from_bytes(folder))), beside];
    let files = folders.into_iter().flatten().map(|folder| folder.join(FILE));
    files.filter_map(|file| CString::new(file.into_os_string().into_encoded_bytes()).ok()).collect()
}

/// Whether the script is not to be loaded this time, because it crashed the process last time.
pub fn is_held_back(script: &Context) -> bool {
    if !is_installed() {
        return false;
    }
    script.profile.crash_files.iter().any(|file| {
        let file = Path::new(OsStr::from_bytes(file.to_bytes()));
        let Some(note) = file::read(file).unwrap_or_else(|reason| tell_of_foreign(file, &reason))
        else {
            return false;
        };
        let values: Vec<_> = note.split(|&byte| byte == b'\n').map(value).collect();
        let [signal, call, runtime, _, path, ..] = &values[..] else { return false };
        *path == script.path_bytes() && hold_back(script, file, [signal, call, runtime])
    })
}

/// Says once after each start that a file under our name is left alone.
fn tell_of_foreign(file: &Path, reason: &str) -> Option<Vec<u8>> {
    if !TOLD_OF_FOREIGN.swap(true, Ordering::Relaxed) {
        tracing::error!(
            "{} is left alone, for {reason}; what it says of a crash is not believed. Remove it, and \
             let nobody but the hub's user write into that folder",
            file.display()
        );
    }
    None
}

static TOLD_OF_FOREIGN: AtomicBool = AtomicBool::new(false);

/// The value of a line of the file.
fn value(line: &[u8]) -> &[u8] {
    line.iter().position(|&byte| byte == b' ').map_or(line, |space| &line[space + 1..])
}

fn hold_back(script: &Context, file: &Path, note: [&[u8]; 3]) -> bool {
    let [signal, call, runtime] = note.map(String::from_utf8_lossy);
    let crash = format!("the process got {signal} in its {call} (runtime {runtime})");
    if let Err(error) = std::fs::remove_file(file) {
        tracing::error!(
            script = %script.label,
            "{crash}, which is told by {}; it is loaded all the same, because that file cannot be \
             removed: {error}",
            file.display()
        );
        return false;
    }
    let message = format!(
        "is held back this time: when it ran last, {crash}. Look for C extensions in it; load it \
         again to run it"
    );
    last_error::fail(Code::Unavailable, &script.label, message);
    true
}

/// A stack for the handler, for threads that have none: a script may have used up the thread's own.
/// The host's handlers run on it too, whether they asked for such a stack or not, so it is roomy; what
/// is too much even so runs into a page that cannot be written, and not into memory of others.
pub mod stack {
    use super::{is_installed, ptr};

    /// Only what is used takes memory.
    const SIZE: usize = 256 * 1024;

    /// The size of the page below it.
    fn guard() -> usize {
        // SAFETY: may be asked at any time.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }

    /// Gives this thread one, unless it has one. Returns its address, or 0.
    pub fn add() -> usize {
        // SAFETY: the kernel fills the structure; the memory is new, and given back by `remove`.
        unsafe {
            let mut stack: libc::stack_t = std::mem::zeroed();
            libc::sigaltstack(ptr::null(), &raw mut stack);
            if !is_installed() || stack.ss_flags & libc::SS_DISABLE == 0 {
                return 0;
            }
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
            let memory = libc::mmap(ptr::null_mut(), guard() + SIZE, libc::PROT_NONE, kind, -1, 0);
            if memory == libc::MAP_FAILED {
                return 0;
            }
            let memory = memory.byte_add(guard());
            if libc::mprotect(memory, SIZE, libc::PROT_READ | libc::PROT_WRITE) != 0 {
                libc::munmap(memory.byte_sub(guard()), guard() + SIZE);
                return 0;
            }
            stack.ss_sp = memory;
            stack.ss_size = SIZE;
            stack.ss_flags = 0;
            libc::sigaltstack(&raw const stack, ptr::null_mut());
            memory as usize
        }
    }

    /// Takes it away when the thread ends, if it is still the thread's; else it is left alone.
    pub fn remove(address: usize) {
        if address == 0 {
            return;
        }
        // SAFETY: what this thread uses, and `add` mapped, is freed when the kernel has given it up.
        unsafe {
            let mut stack: libc::stack_t = std::mem::zeroed();
            libc::sigaltstack(ptr::null(), &raw mut stack);
            if stack.ss_sp as usize != address {
                return;
            }
            let memory = stack.ss_sp;
            stack.ss_flags = libc::SS_DISABLE;
            if libc::sigaltstack(&raw const stack, ptr::null_mut()) == 0 {
                libc::munmap(memory.byte_sub(guard()), guard() + SIZE);
            }
        }
    }
}
