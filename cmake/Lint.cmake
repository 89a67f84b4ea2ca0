# Target `lint`: checks format and lints of all Rust and C++ code and changes nothing.

add_custom_target(
  lint
  COMMAND ${VH_CARGO} fmt --check
  COMMAND ${VH_CARGO} clippy --locked --all-targets -- -D warnings
  COMMAND ${CMAKE_SOURCE_DIR}/tools/check-format
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  USES_TERMINAL VERBATIM)
