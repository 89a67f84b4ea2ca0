//! The fuzzers find libpython where it was at build time.

fn main() {
    if let Ok(folder) = std::env::var("DEP_VH_CPYTHON_RPATH") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
