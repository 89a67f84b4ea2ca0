//! The process's standard output and standard error, which the host writes to as well.

use std::ffi::c_int;
use std::io;

unsafe extern "C" {
    static stdout: *mut libc::FILE;
}

/// Writes out what the host's own `printf` has buffered, so that lines keep their order.
pub fn flush() {
    // SAFETY: `stdout` is libc's stream; fflush locks it.
    unsafe { libc::fflush(stdout) };
}

/// Writes all of it to standard output or standard error.
pub fn write_all(file: c_int, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        // SAFETY: the pointer and length are one slice.
        let written = unsafe { libc::write(file, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(written) => rest = &rest[written..],
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
    Ok(())
}
