//! Tells the crate for which Python the library is built, and its tests where that is.

use std::path::Path;
use std::process::Command;

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    let python = pyo3_build_config::get();
    if python.is_free_threaded() {
        refuse_free_threaded(python);
        return;
    }
    let version = python.version();
    println!("cargo:rustc-env=VH_PYTHON_VERSION={}.{}", version.major, version.minor);
    println!("cargo:rustc-env=VH_PYTHON_EXECUTABLE={}", executable(python));
    link_search_path(python.lib_dir());
}

/// The library counts on the lock that such a build lacks; cargo ends with the message.
fn refuse_free_threaded(python: &pyo3_build_config::InterpreterConfig) {
    println!(
        "cargo::error={} is a free-threaded build of Python, which the library does not support: \
         choose one with the GIL with PYO3_PYTHON=...",
        python.executable().unwrap_or("the interpreter")
    );
}

/// The interpreter program itself, not the shim or link it was named by.
fn executable(python: &pyo3_build_config::InterpreterConfig) -> String {
    let Some(named) = python.executable() else { return String::new() };
    Command::new(named)
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| named.to_owned(), |path| path.trim().to_owned())
}

/// libpython outside the system's own folders is found where it was at build time. The build script of the
/// library is told the folder, too.
fn link_search_path(folder: Option<&str>) {
    let Some(folder) = folder else { return };
    let system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
    let is_system = system.iter().any(|prefix| {
        Path::new(folder).strip_prefix(prefix).is_ok_and(|rest| rest.components().count() <= 1)
    });
    if !is_system {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::metadata=RPATH={folder}");
    }
}
