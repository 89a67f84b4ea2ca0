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

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::path::PathBuf;

    use super::*;

    /// A folder for one test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let name = format!("vh_crash_file_{name}_{}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it opens no files in such ways")]
    fn only_a_file_of_ours_is_believed() {
        let folder = Folder::new("read");
        let path = folder.0.join("note");
        assert_eq!(read(&path), Ok(None));
        std::fs::write(&path, "note").unwrap();
        assert_eq!(read(&path), Ok(Some(b"note".to_vec())));
        assert_eq!(read(&path.join("inside")), Ok(None), "it is no folder");
        let link = folder.0.join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(read(&link), Err("it is a link".to_owned()));
        assert_eq!(read(&folder.0), Err("it is no file".to_owned()));
        std::fs::write(&path, vec![b'x'; 20_000]).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len(), 8 * 1024);
        // SAFETY: may be asked at any time.
        if unsafe { libc::geteuid() } == 0 {
            chown(&path, Some(1234), None).unwrap();
            let why = "it belongs to the user 1234, not to the hub's, 0";
            assert_eq!(read(&path), Err(why.to_owned()));
        } else {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).unwrap();
            assert!(read(&path).unwrap_err().contains("denied"));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it opens no files in such ways")]
    fn what_was_there_is_replaced_by_a_file_of_ours() {
        let folder = Folder::new("create");
        let [path, other] = ["note", "other"].map(|name| folder.0.join(name));
        let c_path = CString::new(path.as_os_str().as_bytes()).unwrap();
        std::fs::write(&other, "theirs").unwrap();
        symlink(&other, &path).unwrap();
        for _ in 0..2 {
            let file = create(&c_path);
            assert!(file >= 0);
            // SAFETY: a file that is open, and a text.
            unsafe {
                assert_eq!(libc::write(file, c"ours".as_ptr().cast(), 4), 4);
                assert_ne!(libc::fcntl(file, libc::F_GETFD) & libc::FD_CLOEXEC, 0);
                libc::close(file);
            }
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"ours");
        assert_eq!(std::fs::read(&other).unwrap(), b"theirs");
        let mode = std::fs::symlink_metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert!(create(c"/there/is/no/such/folder/note") < 0);
    }
}
