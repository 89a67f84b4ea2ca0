//! Tells who was running when the process crashed: a fatal signal inside a script's call leaves a line in the
//! log and a small file, and at the next start that script is held back once.
//!
//! What the handler calls here runs in a broken process: it calls nothing but what POSIX lists as safe in
//! signal handlers, takes no lock and allocates nothing. It finds the call by the slot that has the kernel's
//! number of this thread; on a thread that a script started, it finds the script by the thread's interpreter.
//! `handlers` says how it is reached.

use std::ffi::{CStr, CString, OsStr, c_int};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use super::script::ScriptInfo;
use super::slot;
use vh_core::error::{Code, Error};
use vh_core::threads::{Record, Records};

mod file;
mod handlers;
mod line;
#[cfg(test)]
mod tests;

use handlers::is_armed;
pub use handlers::{look_again, uninstall};
use line::Line;

/// The signals of a crash, and their names.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
];
/// The file's name. It lies in the hub's configuration folder, or else beside the script.
const FILE: &str = "vh_python_crash.txt";

/// Gives the address of the interpreter that this thread belongs to. It is called in the crash handler, so it
/// does only what is safe there.
type PlaceOfThread = fn() -> Option<usize>;

static PLACE_OF_THREAD: OnceLock<PlaceOfThread> = OnceLock::new();

/// Installs our handlers before the host's, and forgets what was told at the previous start.
pub fn install(place_of_thread: PlaceOfThread) {
    // It is the same at each start.
    let _ = PLACE_OF_THREAD.set(place_of_thread);
    TOLD_OF_FOREIGN.store(false, Ordering::Relaxed);
    handlers::install();
}

/// Says which script this thread was running, if any. It is a function of its own so that its texts do not
/// lie in the handler's frame.
#[inline(never)]
fn explain(signal: &str) {
    // SAFETY: always allowed.
    let thread = unsafe { libc::gettid() };
    let Some(slot) = slot::all().find(|slot| slot.kernel_thread() == thread) else {
        // The host calls no scripts on this thread.
        return explain_own_thread(signal);
    };
    let Some(seen) = slot.look() else { return };
    // SAFETY: its call runs on this very thread, so it is there.
    let entry_point = unsafe { &*seen.entry_point };
    let script = entry_point.script();
    let mut line = Line::of_log();
    line.add("PY: [").add(&script.label).add("] the process got ").add(signal).add(" in ");
    line.add(entry_point.name()).add(" (runtime ").add(script.runtime_name()).add("): ");
    if slot.is_in_host() {
        line.add("in a function of the hub that the script called\n").end();
        return;
    }
    line.add(at_fault(script)).end();
    note(script, signal, entry_point.name());
}

/// What the log says of whose fault it is, and of what comes of it.
fn at_fault(script: &ScriptInfo) -> &'static str {
    if script.settings.hold_back {
        "the script, or a C extension it uses, is at fault. It is held back once when it is loaded again\n"
    } else {
        "the script, or a C extension it uses, is at fault\n"
    }
}

/// The same for a thread that a script started. In the main interpreter it is not known which script did, so
/// all of its scripts are named, and none is held back.
fn explain_own_thread(signal: &str) {
    let Some(interpreter) = PLACE_OF_THREAD.get().and_then(|place| place()) else { return };
    let scripts = || {
        let homes =
            HOMES.all().filter(|home| home.interpreter.load(Ordering::Acquire) == interpreter);
        // SAFETY: a script leaves its home before it is freed.
        homes.filter_map(|home| unsafe { home.script.load(Ordering::Acquire).as_ref() })
    };
    let Some(first) = scripts().next() else { return };
    let mut line = Line::of_log();
    if scripts().nth(1).is_none() {
        line.add("PY: [").add(&first.label).add("] the process got ").add(signal);
        line.add(" in a thread of its own (runtime ").add(first.runtime_name()).add("): ");
        line.add(at_fault(first)).end();
        return note(first, signal, "(its own thread)");
    }
    line.add("PY: the process got ")
        .add(signal)
        .add(" in a thread that one of these scripts started:");
    for script in scripts() {
        line.add(" [").add(&script.label).add("]");
    }
    line.add("\n").end();
}

/// Writes the file that holds the script back.
fn note(script: &ScriptInfo, signal: &str, call: &str) {
    if !script.crash_files().iter().any(|path| save(path, script, signal, call)) {
        Line::of_log()
            .add("PY: ")
            .add(FILE)
            .add(" cannot be written: the script is not held back\n")
            .end();
    }
}

fn save(path: &CStr, script: &ScriptInfo, signal: &str, call: &str) -> bool {
    let file = file::create(path);
    if file < 0 {
        return false;
    }
    let mut note = Line::of_file(file);
    note.add("signal ").add(signal).add("\ncall ").add(call).add("\nruntime ");
    // SAFETY: always allowed.
    note.add(script.runtime_name()).add("\ntime ").number(unsafe { libc::time(ptr::null_mut()) });
    note.add("\nscript ").bytes(script.path_bytes()).add("\n");
    let is_written = note.end();
    // SAFETY: opened above.
    unsafe { libc::close(file) };
    is_written
}

/// An entry of the list that says which script lives in which interpreter, for threads that scripts started.
#[derive(Debug, Default)]
struct Home {
    /// The address of the interpreter; 0 is none.
    interpreter: AtomicUsize,
    script: AtomicPtr<ScriptInfo>,
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
    /// Says that the script lives there, until this is dropped; the script drops it before it goes.
    pub fn new(script: &ScriptInfo, interpreter: usize) -> Residence {
        let home = HOMES.take();
        home.script.store(ptr::from_ref(script).cast_mut(), Ordering::Release);
        home.interpreter.store(interpreter, Ordering::Release);
        Residence(home)
    }
}

impl Drop for Residence {
    fn drop(&mut self) {
        self.0.interpreter.store(0, Ordering::Release);
        self.0.script.store(ptr::null_mut(), Ordering::Release);
        self.0.give_back();
    }
}

/// Where a crash of a script is written: in the configuration folder, or else beside the script.
pub fn files(path: &Path, config_dir: Option<&[u8]>) -> Vec<CString> {
    let beside = path.parent().map(Path::to_path_buf);
    let folders = [config_dir.map(|folder| PathBuf::from(OsStr::from_bytes(folder))), beside];
    let files = folders.into_iter().flatten().map(|folder| folder.join(FILE));
    files.filter_map(|file| CString::new(file.into_os_string().into_encoded_bytes()).ok()).collect()
}

/// Why the script is not to be loaded this time, for operators and for the host: it crashed the process last
/// time. The error has been logged. None when the script may run, as it always may when it does not want to
/// be held back.
pub fn reason_to_hold_back(script: &ScriptInfo) -> Option<(String, Error)> {
    if !is_armed() {
        return None;
    }
    script.crash_files().iter().find_map(|file| {
        let file = Path::new(OsStr::from_bytes(file.to_bytes()));
        let note = file::read(file).unwrap_or_else(|reason| tell_of_foreign(file, &reason))?;
        let values: Vec<_> = note.split(|&byte| byte == b'\n').map(value).collect();
        let [signal, call, runtime, _, path, ..] = &values[..] else { return None };
        let is_it = *path == script.path_bytes();
        if is_it { hold_back(script, file, [signal, call, runtime]) } else { None }
    })
}

/// Says, once after each start, that a file under our name is left alone.
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

/// The value in a line of the file.
fn value(line: &[u8]) -> &[u8] {
    line.iter().position(|&byte| byte == b' ').map_or(line, |space| &line[space + 1..])
}

fn hold_back(script: &ScriptInfo, file: &Path, note: [&[u8]; 3]) -> Option<(String, Error)> {
    let [signal, call, runtime] = note.map(String::from_utf8_lossy);
    let crash = format!("the process got {signal} in its {call} (runtime {runtime})");
    if let Err(error) = std::fs::remove_file(file) {
        tracing::error!(
            script = %script.label,
            "{crash}, which is told by {}; it is loaded all the same, because that file cannot be \
             removed: {error}",
            file.display()
        );
        return None;
    }
    if !script.settings.hold_back {
        tracing::error!(
            script = %script.label,
            "{crash} when it ran last; it is loaded all the same, because of its comment \
             \"# vh: hold_back = no\""
        );
        return None;
    }
    let message = format!(
        "is held back this time: when it ran last, {crash}. Look for C extensions in it; load it \
         again to run it"
    );
    let error = Error::new(Code::Unavailable, message).about(&script.label).tell();
    Some((format!("it is held back once, because {crash} when it ran last"), error))
}

/// A stack for the handler on threads that have none of that kind, because a script may have used up the
/// thread's own stack. The host's handlers run on it too, even if they did not ask for such a stack, so it is
/// large. A handler that needs still more runs into a page that cannot be written, and not into somebody
/// else's memory.
pub mod stack {
    use super::{is_armed, ptr};

    /// Only the pages that are used take memory.
    const SIZE: usize = 256 * 1024;

    /// The size of the page below it.
    fn guard() -> usize {
        // SAFETY: may be asked at any time.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }

    /// Gives this thread such a stack, unless it has one. Returns the address, or 0.
    pub fn add() -> usize {
        // SAFETY: the kernel fills the structure; the memory is new, and given back by `remove`.
        unsafe {
            let mut stack: libc::stack_t = std::mem::zeroed();
            libc::sigaltstack(ptr::null(), &raw mut stack);
            if !is_armed() || stack.ss_flags & libc::SS_DISABLE == 0 {
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

    /// Takes the stack away when the thread ends. A stack that is not the thread's any more is left alone.
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
