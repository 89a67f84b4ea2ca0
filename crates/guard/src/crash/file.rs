//! The file that tells of a crash. It may lie where others can write too. So a link, a pipe or a file of
//! theirs under its name is neither followed nor waited for, neither believed nor written to.

use std::ffi::CStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// How many bytes are read at most. A file of ours is far smaller.
const MOST: u64 = 8 * 1024;

/// What the file says; None when there is none. The error says why it is not believed.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err("it is a link".to_owned());
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.to_string()),
    };
    let found = file.metadata().map_err(|error| error.to_string())?;
    // SAFETY: may be asked at any time.
    let user = unsafe { libc::geteuid() };
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    if found.uid() != user {
        return Err(format!("it belongs to the user {}, not to the hub's, {user}", found.uid()));
    }
    let mut note = Vec::new();
    file.take(MOST).read_to_end(&mut note).map_err(|error| error.to_string())?;
    Ok(Some(note))
}

/// Makes a new file, replacing whatever was there, and opens it; negative when that fails. It makes nothing
/// but system calls, as it runs in a signal handler.
pub fn create(path: &CStr) -> libc::c_int {
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: a C string; both are allowed in handlers.
    unsafe {
        libc::unlink(path.as_ptr());
        libc::open(path.as_ptr(), flags, 0o600)
    }
}
