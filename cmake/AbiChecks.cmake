# Registers the checks that the published header and the exported symbols are what they should be,
# and targets to run them alone: `symbols` checks, `header` writes the header anew.

set(check_symbols ${CMAKE_SOURCE_DIR}/tools/check-symbols ${VH_LIBRARY_FILE}
                  ${CMAKE_SOURCE_DIR}/tests/symbols.txt)

# What writes and checks generated files: `cargo xtask gen`.
set(VH_GENERATE ${VH_CARGO} run --quiet --locked --package xtask -- gen)
add_test(
  NAME abi.header
  COMMAND ${VH_GENERATE} --check include/
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(abi.header PROPERTIES TIMEOUT 600 RESOURCE_LOCK cargo)
add_test(NAME abi.symbols COMMAND ${check_symbols})

add_custom_target(
  header
  COMMAND ${VH_GENERATE} include/
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  USES_TERMINAL VERBATIM)
add_custom_target(
  symbols
  COMMAND ${check_symbols}
  USES_TERMINAL VERBATIM)
add_dependencies(symbols vh_library)
