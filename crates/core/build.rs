//! Tells the crate for which Python the library is built.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
    let version = pyo3_build_config::get().version();
    println!("cargo:rustc-env=VH_PYTHON_VERSION={}.{}", version.major, version.minor);
}
