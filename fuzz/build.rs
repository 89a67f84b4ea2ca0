//! The fuzzers find libpython where it was at build time.

fn main() {
    if let Some(folder) = pyo3_build_config::get().lib_dir() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
