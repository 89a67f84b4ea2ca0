//! Writing to a pipe that nobody reads any more is an error, and no signal: SIGPIPE would end a host that does not
//! handle it.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Runs what writes to a pipe, with SIGPIPE held back on this thread. `is_broken` says whether it met a pipe that
/// nobody reads: the signal of that is then taken back.
pub fn held_back<R>(write: impl FnOnce() -> R, is_broken: impl FnOnce(&R) -> bool) -> R {
    let held = Held::back();
    let result = write();
    if is_broken(&result) {
        held.take_back();
    }
    result
}

/// Whether a pipe is one that nobody reads.
pub fn is_broken<T>(written: &io::Result<T>) -> bool {
    written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// SIGPIPE is held back on this thread until this is dropped.
struct Held {
    before: libc::sigset_t,
    /// A signal that was there before is not ours to take.
    was_pending: bool,
}

impl Held {
    fn back() -> Held {
        let (set, mut before) = (sigpipe(), MaybeUninit::uninit());
        // SAFETY: the sets are this function's, and the kernel fills the one for the result; a call that is right does
        // not fail.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, before.as_mut_ptr());
            let before = before.assume_init();
            // Only then can one have been waiting.
            let was_held = libc::sigismember(&raw const before, libc::SIGPIPE) == 1;
            Held { before, was_pending: was_held && is_pending() }
        }
    }

    fn take_back(&self) {
        if self.was_pending {
            return;
        }
        let (set, now) = (sigpipe(), libc::timespec { tv_sec: 0, tv_nsec: 0 });
        // SAFETY: the set and the time are there, and nobody wants to know more of the signal. It is this thread's,
        // because a write raises it on the thread that writes.
        unsafe { libc::sigtimedwait(&raw const set, ptr::null_mut(), &raw const now) };
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the mask is the one that was set before.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

/// Whether one waits for this thread, or for any thread of the process.
fn is_pending() -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the kernel fills the set; a call that is right does not fail.
    unsafe {
        libc::sigpending(pending.as_mut_ptr());
        libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    }
}

/// The set of this signal alone.
fn sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the first call makes all of the set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        set.assume_init()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_pipe_that_nobody_reads_is_an_error_also_where_the_signal_would_end_the_process() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        // SAFETY: what a program in C begins with; nothing here needs the signal ignored.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        for _ in 0..2 {
            let written =
                held_back(|| rustix::io::write(&writer, b"x"), |written| written.is_err());
            assert_eq!(written, Err(Errno::PIPE));
            assert!(!is_pending());
        }
    }

    #[test]
    fn the_signals_that_are_held_back_stay_the_same() {
        let mask = || {
            let mut mask = MaybeUninit::uninit();
            // SAFETY: the kernel fills the set.
            unsafe {
                libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), mask.as_mut_ptr());
                libc::sigismember(mask.as_ptr(), libc::SIGPIPE)
            }
        };
        assert_eq!((mask(), held_back(mask, |_| false), mask()), (0, 1, 0));
        let inside = held_back(|| held_back(mask, |_| true) + 10 * mask(), |_| false);
        assert_eq!((inside, mask()), (11, 0));
    }
}
