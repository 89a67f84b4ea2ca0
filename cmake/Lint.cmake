# Target `lint`: checks format and lints of all Rust, C++, Python and shell code, layers of Rust modules, sizes of Rust functions and files,
# and the crates we use, and changes nothing.

add_custom_target(
  lint
  COMMAND ${VH_CARGO} fmt --all --check
  COMMAND ${VH_CARGO} clippy --locked --workspace --all-targets -- -D warnings
  COMMAND ${CMAKE_SOURCE_DIR}/tools/check-format
  COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tools/check-scripts
  COMMAND ${CMAKE_SOURCE_DIR}/tools/check-layers
  COMMAND ${CMAKE_SOURCE_DIR}/tools/check-sizes
  COMMAND ${CMAKE_COMMAND} -E env CARGO=${VH_CARGO_PROGRAM}
          ${CMAKE_SOURCE_DIR}/tools/check-dependencies
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  USES_TERMINAL VERBATIM)
