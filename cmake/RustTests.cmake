# Registers the Rust tests with ctest. They use the dev profile: it has overflow checks and debug
# assertions, and from nothing it is built in less time than the release profile needs to link once.

add_test(
  NAME rust
  COMMAND ${VH_CARGO} test --locked --workspace
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(rust PROPERTIES TIMEOUT 900 RESOURCE_LOCK cargo)

# The way into scripts under a model checker, in a workspace of its own.
add_test(
  NAME model.revocable
  COMMAND ${CMAKE_COMMAND} -E env "RUSTFLAGS=--cfg loom"
          CARGO_TARGET_DIR=${CMAKE_BINARY_DIR}/model ${VH_CARGO_PROGRAM} test --locked --release
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests/model)
set_tests_properties(model.revocable PROPERTIES TIMEOUT 900 RESOURCE_LOCK cargo)
