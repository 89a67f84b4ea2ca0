//! Compiles what only C++ can do with the hub's C++ objects.

fn main() {
    let include = "../../include";
    for file in ["src/cxx.cpp", "../../include/vh_python_wrapper.h"] {
        println!("cargo:rerun-if-changed={file}");
    }
    cc::Build::new()
        .cpp(true)
        .file("src/cxx.cpp")
        .include(include)
        .std("c++17")
        .warnings_into_errors(true)
        .compile("vh_cxx");
}
