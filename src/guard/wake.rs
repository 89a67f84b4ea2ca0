//! Wakes a call that waits for a socket for ever, by shutting that socket down: Python goes on with
//! what `recv` and its like return then, and takes the exception that was sent to it.
//!
//! The kernel tells which system call a thread waits in and with which file. Only sockets can be
//! woken; sleeping and files cannot.

use super::slot::Slot;

/// Numbers of the system calls that wait for the socket in their first argument.
const WAITING: [libc::c_long; 8] = [
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_connect,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_read,
];

/// True when the thread's call waited for a socket, which is shut down now.
pub fn wake(slot: &Slot, call: u64) -> bool {
    let Some(file) = waits_for(slot) else { return false };
    // Not a socket of the hub's own.
    if !slot.runs(call) || slot.is_in_host() {
        return false;
    }
    // SAFETY: any number may be passed; one that is no socket is refused.
    unsafe { libc::shutdown(file, libc::SHUT_RDWR) == 0 }
}

/// The file that the thread waits for.
fn waits_for(slot: &Slot) -> Option<libc::c_int> {
    let path = format!("/proc/self/task/{}/syscall", slot.kernel_thread());
    let text = std::fs::read_to_string(path).ok()?;
    let mut words = text.split(' ');
    let number: libc::c_long = words.next()?.parse().ok()?;
    let file = words.next()?.strip_prefix("0x")?;
    WAITING.contains(&number).then(|| i32::from_str_radix(file, 16).ok())?
}
