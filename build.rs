//! Compiles the C part and links the library so that hubs and Python find what they need.

fn main() {
    for file in ["src/abi/variadic.c", "include/vh_python_wrapper.h"] {
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

    // Hubs and packages find the file by this name, whatever path it was loaded from.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvh_python_wrapper.so");
    // Python threads may still run when the host closes the library.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // Told by the build script of vh_cpython. Not only for the library: tests and examples need it too.
    if let Ok(folder) = std::env::var("DEP_VH_CPYTHON_RPATH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
