# Registers the Rust tests with ctest. They use the release profile, whose dependencies the library
# has built already.

add_test(
  NAME rust
  COMMAND ${VH_CARGO} test --release --locked
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(rust PROPERTIES TIMEOUT 900 RESOURCE_LOCK cargo)
