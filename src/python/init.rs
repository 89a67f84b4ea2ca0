//! Starting CPython once for the life of the process.
//!
//! It is never finalized: that leaks and crashes on several versions. It takes no signals, changes
//! no locale, parses no arguments of the host, and its standard streams are not buffered so that
//! what scripts print appears at once and in order with our log.

use std::ffi::{CStr, CString, c_void};
use std::path::{Path, PathBuf};

use pyo3_ffi as ffi;

/// The Python this library was built for, when the machine still has it there.
const BUILD_EXECUTABLE: &str = env!("VH_PYTHON_EXECUTABLE");

/// Starts CPython if nobody has; leaves it attached to this thread when it did.
pub fn start() -> Result<Started, String> {
    make_symbols_global();
    // SAFETY: may be asked at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return Ok(Started::Already);
    }
    check_version()?;
    preinitialize()?;
    // SAFETY: before initialization, as required; the name and function are static.
    if unsafe { ffi::PyImport_AppendInittab(c"vh".as_ptr(), Some(super::vh::create)) } != 0 {
        return Err("no memory for the vh module".into());
    }
    initialize()?;
    Ok(Started::Now)
}

/// Whether `start` had something to do.
#[derive(PartialEq, Eq, Debug)]
pub enum Started {
    /// CPython was started and is attached to this thread.
    Now,
    /// It ran already.
    Already,
}

/// C extensions expect libpython's symbols in the process, but a host may have loaded us with
/// RTLD_LOCAL: promote the libpython we are linked to. It also pins it.
fn make_symbols_global() {
    let Some(path) = library_path() else { return };
    // SAFETY: the path is a C string; the handle is kept on purpose.
    let handle = unsafe {
        libc::dlopen(
            path.as_ptr(),
            libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_GLOBAL | libc::RTLD_NODELETE,
        )
    };
    if handle.is_null() {
        tracing::warn!(
            "{} cannot be made visible to C extensions; importing some may fail",
            path.to_string_lossy()
        );
    }
}

/// The file of libpython.
fn library_path() -> Option<CString> {
    // SAFETY: dladdr looks an address up and fills the zeroed structure; the name lives as long as
    // the library is loaded.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        let address = ffi::Py_IsInitialized as *const c_void;
        let ok = libc::dladdr(address, &raw mut found) != 0 && !found.dli_fname.is_null();
        ok.then(|| CStr::from_ptr(found.dli_fname).to_owned())
    }
}

/// The library is built for one minor version; its structures differ in others.
fn check_version() -> Result<(), String> {
    // SAFETY: may be asked before initialization; a static string.
    let running = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) }.to_string_lossy();
    let built = env!("VH_PYTHON_VERSION");
    match running.strip_prefix(built) {
        Some(rest) if rest.starts_with(['.', ' ', '+', 'a', 'b', 'r']) => Ok(()),
        _ => Err(format!(
            "this library was built for Python {built} but the process has Python {running}; \
             build it again with PYTHON=python3 of that version"
        )),
    }
}

/// UTF-8 mode, so that files and names are text whatever the host's locale is; the locale itself
/// and its environment variables stay the host's.
fn preinitialize() -> Result<(), String> {
    // SAFETY: the structure is filled by Python before it is read.
    unsafe {
        let mut config = std::mem::zeroed();
        ffi::PyPreConfig_InitPythonConfig(&raw mut config);
        config.configure_locale = 0;
        config.coerce_c_locale = 0;
        config.parse_argv = 0;
        config.utf8_mode = 1;
        check(ffi::Py_PreInitialize(&raw const config))
    }
}

fn initialize() -> Result<(), String> {
    // SAFETY: the structure is filled by Python before it is used, and cleared after.
    unsafe {
        let mut config = std::mem::zeroed();
        ffi::PyConfig_InitPythonConfig(&raw mut config);
        config.install_signal_handlers = 0;
        config.parse_argv = 0;
        config.buffered_stdio = 0;
        let named = match executable() {
            Some(executable) => check(ffi::PyConfig_SetBytesString(
                &raw mut config,
                &raw mut config.program_name,
                executable.as_ptr(),
            )),
            None => Ok(()),
        };
        let started = named.and_then(|()| check(ffi::Py_InitializeFromConfig(&raw const config)));
        ffi::PyConfig_Clear(&raw mut config);
        started
    }
}

/// The interpreter program whose installation (standard library, venv) is used: the one this
/// library was built for, else the one beside libpython.
fn executable() -> Option<CString> {
    let candidates = [Some(PathBuf::from(BUILD_EXECUTABLE)), beside_library()];
    let found = candidates.into_iter().flatten().find(|path| path.exists())?;
    CString::new(found.into_os_string().into_encoded_bytes()).ok()
}

fn beside_library() -> Option<PathBuf> {
    let library = library_path()?;
    let library = Path::new(library.to_str().ok()?);
    let prefix = library.parent()?.parent()?;
    Some(prefix.join("bin").join(concat!("python", env!("VH_PYTHON_VERSION"))))
}

fn check(status: ffi::PyStatus) -> Result<(), String> {
    // SAFETY: a status made by Python; its texts are static.
    unsafe {
        if ffi::PyStatus_Exception(status) == 0 {
            return Ok(());
        }
        let text = |pointer: *const std::ffi::c_char| {
            if pointer.is_null() {
                String::new()
            } else {
                CStr::from_ptr(pointer).to_string_lossy().into_owned()
            }
        };
        Err(format!("{} {}", text(status.err_msg), text(status.func)).trim().to_owned())
    }
}
