//! Compiles the C and C++ parts and links the library so that hubs and Python find what they need.

use std::path::Path;
use std::process::Command;

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    let python = pyo3_build_config::get();
    if python.is_free_threaded() {
        refuse_free_threaded(python);
        return;
    }
    compile_c_parts();

    let version = format!("{}.{}", python.version().major, python.version().minor);
    println!("cargo:rustc-env=VH_PYTHON_VERSION={version}");
    println!("cargo:rustc-env=VH_PYTHON_EXECUTABLE={}", executable(python));

    // Hubs and packages find the file by this name, whatever path it was loaded from.
    link("-Wl,-soname,libvh_python_wrapper.so");
    // Python threads may still run when the host closes the library.
    link("-Wl,-z,nodelete");
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

fn compile_c_parts() {
    for file in ["src/abi/variadic.c", "src/abi/cxx.cpp", "include/vh_python_wrapper.h"] {
        println!("cargo:rerun-if-changed={file}");
    }
    cc::Build::new()
        .file("src/abi/variadic.c")
        // Formats are a few letters: unrolled loops would only cost.
        .opt_level(2)
        .force_frame_pointer(false)
        .include("include")
        .std("c11")
        .warnings_into_errors(true)
        .compile("vh_variadic");
    cc::Build::new()
        .cpp(true)
        .file("src/abi/cxx.cpp")
        .include("include")
        .std("c++17")
        .warnings_into_errors(true)
        .compile("vh_cxx");
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

/// libpython outside the system's own folders is found where it was at build time.
fn link_search_path(folder: Option<&str>) {
    let Some(folder) = folder else { return };
    let system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64"];
    let is_system = system.iter().any(|prefix| {
        Path::new(folder).strip_prefix(prefix).is_ok_and(|rest| rest.components().count() <= 1)
    });
    if !is_system {
        // Not only for the library: tests and examples of this crate need it too.
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}

fn link(argument: &str) {
    println!("cargo:rustc-cdylib-link-arg={argument}");
}
