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

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::RawFd;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::fake::script;
    use crate::slot;
    use vh_host::fake_hub::FakeHub;

    fn line(number: libc::c_long, first: u64, second: u64) -> String {
        format!("{number} 0x{first:x} 0x{second:x} 0x0 0x0 0x0 0x0 0x7ffe 0x7f00")
    }

    #[test]
    fn what_the_kernel_says_names_the_file() {
        for number in RECEIVING {
            assert_eq!(waits_for(&line(number, 7, 0)), Some((7, libc::SHUT_RD)));
        }
        for number in SENDING {
            assert_eq!(waits_for(&line(number, 7, 0)), Some((7, libc::SHUT_RDWR)));
        }
        for text in ["running", "-1 0x7ffe 0x7f00", "", "45", "45 7", &line(libc::SYS_futex, 7, 0)]
        {
            assert_eq!(waits_for(text), None, "{text}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no pipes to write other memory into")]
    fn what_a_thread_polls_is_read_from_its_memory() {
        let (socket, _other) = UnixStream::pair().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let polls = |fd: RawFd, events| {
            let polled = libc::pollfd { fd, events, revents: 0 };
            let [one, two] =
                [1, 2].map(|count| waits_for(&line(POLLING[0], (&raw const polled) as u64, count)));
            assert_eq!(two, None, "a list of several is left alone");
            one
        };
        let (connected, waiting) = (socket.as_raw_fd(), listener.as_raw_fd());
        assert_eq!(polls(connected, libc::POLLIN), Some((connected, libc::SHUT_RD)));
        assert_eq!(polls(connected, libc::POLLOUT), Some((connected, libc::SHUT_RDWR)));
        assert_eq!(polls(waiting, libc::POLLOUT), Some((waiting, libc::SHUT_RD)));
        assert_eq!(polls(0, libc::POLLIN), Some((0, libc::SHUT_RD)));
        assert_eq!(polls(-1, libc::POLLIN), None);
        assert_eq!(waits_for(&line(POLLING[0], 8, 1)), None, "nothing is there");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no sockets")]
    fn sockets_are_told_from_other_files() {
        let (socket, _other) = UnixStream::pair().unwrap();
        let file = File::open("/dev/null").unwrap();
        assert!(is_socket(socket.as_raw_fd()) && !is_socket(file.as_raw_fd()) && !is_socket(-1));
        assert!(is_connected(socket.as_raw_fd()) && !is_connected(file.as_raw_fd()));
        // Rust's programs ignore it.
        assert!(!sigpipe_kills());
    }

    /// Begins a call on a thread that waits for a socket, and tries to wake it.
    fn woken(try_it: impl FnOnce(&'static Slot, u64) -> Woken) -> (Woken, Result<usize, ()>) {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (other, _) = listener.accept().unwrap();
        let (give, take) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let slot = slot::of_this_thread();
                slot.begin(script.entry_points.hook(0), 5, 0);
                give.send(slot).unwrap();
                let read = socket.read(&mut [0]).map_err(drop);
                slot.end(None, 0);
                slot::thread_ends();
                read
            });
            let slot: &'static Slot = take.recv().unwrap();
            let start = Instant::now();
            let waits = || {
                let text = std::fs::read_to_string(place(slot.kernel_thread())).unwrap();
                waits_for(&text).is_some_and(|(file, _)| is_socket(file))
            };
            while !waits() {
                assert!(start.elapsed() < Duration::from_secs(60), "it does not wait");
                std::thread::yield_now();
            }
            let woken = try_it(slot, slot.look().unwrap().call);
            drop(other);
            (woken, reader.join().unwrap())
        })
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no sockets")]
    fn a_call_that_waits_for_a_socket_is_woken() {
        let (woken, read) = woken(|slot, call| {
            assert_eq!(wake(slot, call + 1), Woken::Nothing, "another call");
            let visit = slot.enter_host();
            assert_eq!(wake(slot, call), Woken::Nothing, "a socket of the hub");
            drop(visit);
            wake(slot, call)
        });
        assert_eq!((woken, read), (Woken::ShutDown, Ok(0)));
    }

    #[test]
    #[cfg_attr(miri, ignore = "a slot has a stack for signals")]
    fn a_call_that_runs_is_left_alone() {
        let _hub = FakeHub::begin(|_| false);
        let script = script(1, "a.py", "");
        std::thread::scope(|scope| {
            let run = || {
                let slot = slot::of_this_thread();
                slot.begin(script.entry_points.hook(0), 5, 0);
                let call = slot.look().unwrap().call;
                // It is this very thread that reads what it does.
                assert_eq!(wake(slot, call), Woken::Nothing);
                slot.end(None, 0);
                slot::thread_ends();
                wake(slot, call)
            };
            assert_eq!(scope.spawn(run).join().unwrap(), Woken::Unseen, "it has ended");
        });
    }

    #[test]
    #[cfg_attr(miri, ignore = "it has no /proc")]
    fn where_calls_wait_can_be_seen() {
        assert_eq!(vh_testing::told(tell_if_blind).1, "");
    }
}
