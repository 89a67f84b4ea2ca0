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

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn all_is_written_also_where_little_fits_in_at_once() {
        let (mut out, into) = io::pipe().unwrap();
        let text = vec![b'x'; 1 << 20];
        let written = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut read = Vec::new();
                out.read_to_end(&mut read).map(|_| read)
            });
            assert!(write_all(into.as_raw_fd(), &text).is_ok());
            assert!(write_all(into.as_raw_fd(), b"").is_ok());
            drop(into);
            reader.join().unwrap().unwrap()
        });
        assert!(written == text);
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let (out, into) = io::pipe().unwrap();
        drop(out);
        // Rust's programs ignore SIGPIPE.
        let error = write_all(into.as_raw_fd(), b"text").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(write_all(-1, b"text").is_err());
    }
}
