//! Starts CPython, once for the life of the process.
//!
//! It is never finalized, because that leaks and crashes on several versions. It handles no signals, changes
//! no locale and parses no arguments of the host. Its standard streams are not buffered, so that what scripts
//! print appears at once and in order with our log, which is standard output too, as in the library that this
//! one replaces.

use std::ffi::{CStr, CString, OsString, c_void};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use pyo3_ffi as ffi;

/// The Python program for which this library was built. The machine may not have it any more.
const BUILD_EXECUTABLE: &str = env!("VH_PYTHON_EXECUTABLE");

/// Starts CPython if nobody has. If it does, CPython stays attached to this thread.
pub fn start() -> Result<Started, String> {
    make_symbols_global();
    // SAFETY: may be asked at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        return Ok(Started::Already);
    }
    check_version()?;
    preinitialize()?;
    // SAFETY: before initialization, as required; the name and function are static.
    if unsafe { ffi::PyImport_AppendInittab(c"vh".as_ptr(), Some(super::vh::CREATE)) } != 0 {
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
    /// CPython was running already.
    Already,
}

/// Makes the symbols of the libpython to which we are linked global, and pins it in memory. C extensions
/// expect these symbols in the process, but a host may have loaded us with RTLD_LOCAL; and Python threads may
/// still run when the host closes the library.
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

/// The path of libpython.
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

/// Checks the version of Python. The library is built for one minor version, and structures differ in others.
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

/// Chooses UTF-8 mode, so that files and names are text whatever the host's locale is. The locale itself and
/// its environment variables are left as the host has them.
fn preinitialize() -> Result<(), String> {
    // SAFETY: the structure is filled by Python before it is read.
    unsafe {
        let mut config = std::mem::zeroed();
        ffi::PyPreConfig_InitPythonConfig(&raw mut config);
        config.configure_locale = 0;
        config.coerce_c_locale = 0;
        config.parse_argv = 0;
        config.utf8_mode = 1;
        allocator::choose(&mut config);
        check(ffi::Py_PreInitialize(&raw const config))?;
        allocator::install();
    }
    Ok(())
}

/// The allocator of Python's objects.
///
/// From 3.12 on Python's own allocator keeps whole arenas of every interpreter that has ended, megabytes for
/// each own-gil script, and on early 3.12 it crashes then. mimalloc does neither and is faster. 3.13 brings
/// it along, 3.12 gets ours. `PYTHONMALLOC` in the environment overrides this, as everywhere.
mod allocator {
    use super::ffi;

    fn is_chosen_by_environment() -> bool {
        std::env::var_os("PYTHONMALLOC").is_some_and(|name| !name.is_empty())
    }

    /// To be called before preinitialization.
    pub fn choose(config: &mut ffi::PyPreConfig) {
        /// `PYMEM_ALLOCATOR_MIMALLOC` of CPython's headers.
        const MIMALLOC: i32 = 7;
        if cfg!(Py_3_13) && !is_chosen_by_environment() {
            config.allocator = MIMALLOC;
        }
    }

    #[cfg(not(all(Py_3_12, not(Py_3_13))))]
    pub fn install() {}

    /// To be called after preinitialization and before anything is allocated.
    #[cfg(all(Py_3_12, not(Py_3_13)))]
    pub fn install() {
        if is_chosen_by_environment() {
            return;
        }
        let mut mimalloc = ffi::PyMemAllocatorEx {
            ctx: std::ptr::null_mut(),
            malloc: Some(malloc),
            calloc: Some(calloc),
            realloc: Some(realloc),
            free: Some(free),
        };
        for domain in [
            ffi::PyMemAllocatorDomain::PYMEM_DOMAIN_MEM,
            ffi::PyMemAllocatorDomain::PYMEM_DOMAIN_OBJ,
        ] {
            // SAFETY: at the time CPython names for it; the functions follow its rules.
            unsafe { ffi::PyMem_SetAllocator(domain, &raw mut mimalloc) };
        }
    }

    #[cfg(all(Py_3_12, not(Py_3_13)))]
    use functions::{calloc, free, malloc, realloc};

    #[cfg(all(Py_3_12, not(Py_3_13)))]
    mod functions {
        use std::ffi::c_void;

        use libmimalloc_sys as mimalloc;

        // Python wants a unique pointer even for zero bytes, and mimalloc gives one.
        pub extern "C" fn malloc(_: *mut c_void, size: usize) -> *mut c_void {
            // SAFETY: any size.
            unsafe { mimalloc::mi_malloc(size) }
        }

        pub extern "C" fn calloc(_: *mut c_void, count: usize, size: usize) -> *mut c_void {
            // SAFETY: any sizes; an overflow gives NULL.
            unsafe { mimalloc::mi_calloc(count, size) }
        }

        pub extern "C" fn realloc(
            _: *mut c_void,
            pointer: *mut c_void,
            size: usize,
        ) -> *mut c_void {
            // SAFETY: Python passes what `malloc` gave, or NULL.
            unsafe { mimalloc::mi_realloc(pointer, size) }
        }

        pub extern "C" fn free(_: *mut c_void, pointer: *mut c_void) {
            // SAFETY: as above.
            unsafe { mimalloc::mi_free(pointer) }
        }
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

/// The interpreter program whose installation (standard library, venv) is used: the one for which this
/// library was built, or else the one beside libpython.
fn executable() -> Option<CString> {
    let candidates = [Some(PathBuf::from(BUILD_EXECUTABLE)), beside_library()];
    let found = candidates.into_iter().flatten().find(|path| path.exists())?;
    CString::new(found.into_os_string().into_encoded_bytes()).ok()
}

/// The same as a command, for those who start it; `python3` when it is not there.
pub fn python() -> OsString {
    executable().map_or_else(|| "python3".into(), |path| OsString::from_vec(path.into_bytes()))
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
