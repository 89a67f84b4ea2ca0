//! Wakes a call that waits for a socket for ever, by shutting that socket down: `recv` and the like then
//! return, Python goes on, and takes the exception that was sent to it.
//!
//! The kernel tells in which system call a thread waits, and for which file. Only threads that wait for
//! sockets can be woken, not those that sleep or wait for other files. For a thread that receives only the
//! receiving half is shut down, so that the script can still say goodbye to the other side: sending on a
//! socket that is shut down raises SIGPIPE, which ends a process that does not handle it, and Python ignores
//! that signal only in programs of its own. A thread that waits to send can only be woken by shutting the
//! sending half down, so it is left alone where SIGPIPE ends the process.

use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use super::slot::Slot;

/// Numbers of the system calls that wait until the socket in their first argument has data for them, or is
/// connected.
const RECEIVING: [libc::c_long; 6] = [
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_connect,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_read,
];

/// Numbers of those that wait until the socket takes their data.
const SENDING: [libc::c_long; 3] = [libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_write];

/// Numbers of those that wait for a list of files; Python uses them for sockets that have a timeout.
#[cfg(target_arch = "x86_64")]
const POLLING: [libc::c_long; 2] = [libc::SYS_poll, libc::SYS_ppoll];
#[cfg(not(target_arch = "x86_64"))]
const POLLING: [libc::c_long; 1] = [libc::SYS_ppoll];

/// What became of an attempt to wake a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The call waited for a socket, which is shut down now.
    ShutDown,
    /// The call waits to send, and is left alone because waking it would end the process.
    WouldKill,
    /// The call does not wait, or not for a socket.
    Nothing,
    /// The kernel does not tell what it waits for.
    Unseen,
}

/// What the log says when the kernel does not tell where calls wait.
macro_rules! unseen {
    () => {
        "where scripts wait cannot be seen, so that waiting for a socket is not ended"
    };
}

/// The same about a call that is interrupted.
pub const INTERRUPTED_UNSEEN: &str = concat!("it is interrupted with TimeoutError; ", unseen!());

/// Logs once, at the start, if the kernel does not tell what threads of this process wait for. It does not
/// when the process is not dumpable, as after a change of its user.
pub fn tell_if_blind() {
    // SAFETY: always allowed.
    let own = unsafe { libc::gettid() };
    if let Err(error) = std::fs::File::open(place(own)) {
        tracing::warn!(
            "{}: {} cannot be read ({error}). Start the hub as the user it runs as, with /proc mounted; a \
             program that changes its user calls prctl(PR_SET_DUMPABLE, 1) afterwards",
            unseen!(),
            place(own)
        );
    }
}

/// Where the kernel tells what a thread waits for.
fn place(thread: libc::pid_t) -> String {
    format!("/proc/self/task/{thread}/syscall")
}

/// Wakes the thread's call.
pub fn wake(slot: &Slot, call: u64) -> Woken {
    let Ok(text) = std::fs::read_to_string(place(slot.kernel_thread())) else {
        return Woken::Unseen;
    };
    let Some((file, how)) = waits_for(&text) else { return Woken::Nothing };
    // Not a socket of the hub's own.
    if !slot.runs(call) || slot.is_in_host() {
        return Woken::Nothing;
    }
    if how == libc::SHUT_RDWR && sigpipe_kills() {
        return if is_socket(file) { Woken::WouldKill } else { Woken::Nothing };
    }
    // SAFETY: any number may be passed; one that is no socket is refused.
    let done = unsafe { libc::shutdown(file, how) == 0 };
    if done { Woken::ShutDown } else { Woken::Nothing }
}

/// The file that a thread waits for, as the kernel tells it, and which half of a socket to shut down.
fn waits_for(text: &str) -> Option<(libc::c_int, libc::c_int)> {
    let mut words = text.split(' ');
    let number: libc::c_long = words.next()?.parse().ok()?;
    let mut argument = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let first = argument()?;
    if RECEIVING.contains(&number) {
        Some((first as libc::c_int, libc::SHUT_RD))
    } else if SENDING.contains(&number) {
        Some((first as libc::c_int, libc::SHUT_RDWR))
    } else if POLLING.contains(&number) && argument()? == 1 {
        let polled = read_pollfd(first)?;
        let sends = polled.events & libc::POLLOUT != 0 && is_connected(polled.fd);
        Some((polled.fd, if sends { libc::SHUT_RDWR } else { libc::SHUT_RD }))
    } else {
        None
    }
}

/// Reads what another thread of this process polls. That memory may be gone by now, so the kernel is asked to
/// write it into a pipe, and finds out. `process_vm_readv` would do the same, but is often forbidden.
fn read_pollfd(address: u64) -> Option<libc::pollfd> {
    const LENGTH: usize = size_of::<libc::pollfd>();
    let mut polled = libc::pollfd { fd: -1, events: 0, revents: 0 };
    let mut ends = [-1; 2];
    // SAFETY: the array takes both ends, which are owned from then on. The memory at the address is only read, by
    // the kernel, which refuses what is not there; what comes out of the pipe fits into the local variable, whose
    // fields may have any value.
    let read = unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) != 0 {
            return None;
        }
        let [out, into] = ends.map(|end| OwnedFd::from_raw_fd(end));
        let written = libc::write(into.as_raw_fd(), address as *const libc::c_void, LENGTH);
        if written != LENGTH as isize {
            return None;
        }
        libc::read(out.as_raw_fd(), (&raw mut polled).cast(), LENGTH)
    };
    (read == LENGTH as isize && polled.fd >= 0).then_some(polled)
}

/// Whether a socket is connected to another side; one that waits for connections is not.
fn is_connected(file: libc::c_int) -> bool {
    // SAFETY: both are filled by the kernel, which is told how long the first one is.
    unsafe {
        let mut address: libc::sockaddr_storage = zeroed();
        let mut length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        libc::getpeername(file, (&raw mut address).cast(), &raw mut length) == 0
    }
}

fn is_socket(file: libc::c_int) -> bool {
    // SAFETY: the structure is filled before it is read.
    unsafe {
        let mut about: libc::stat = zeroed();
        libc::fstat(file, &raw mut about) == 0 && about.st_mode & libc::S_IFMT == libc::S_IFSOCK
    }
}

/// Whether SIGPIPE, which comes of sending on a socket that is shut down, ends the process.
fn sigpipe_kills() -> bool {
    // SAFETY: only asks; the structure is filled before it is read.
    unsafe {
        let mut action: libc::sigaction = zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action) != 0
            || action.sa_sigaction == libc::SIG_DFL
    }
}
