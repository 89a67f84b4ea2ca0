# Registers the tests of the build: Pythons that are not supported are refused, dependencies looked at,
# the fuzzers compiled, long functions and files found, and the tools of the tests tested.

add_test(NAME build.refusals
         COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/build/refusals.py
                 ${CMAKE_COMMAND} ${VH_CARGO_PROGRAM} ${CMAKE_BINARY_DIR})
set_tests_properties(build.refusals PROPERTIES TIMEOUT 600 RESOURCE_LOCK cargo)
# The fuzzers are a workspace of their own, which nothing else compiles.
add_test(
  NAME build.fuzzers
  COMMAND
    ${CMAKE_COMMAND} -E env PYO3_PYTHON=${VH_PYTHON_EXECUTABLE}
    CARGO_TARGET_DIR=${CMAKE_BINARY_DIR}/fuzzers ${VH_CARGO_PROGRAM} check --locked
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/fuzz)
set_tests_properties(build.fuzzers PROPERTIES TIMEOUT 900 RESOURCE_LOCK cargo)
# What is asked of dependencies, whatever this machine has for it.
add_test(NAME build.dependencies COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                         ${CMAKE_SOURCE_DIR}/tests/build/dependencies.py)
set_tests_properties(build.dependencies PROPERTIES TIMEOUT 120)
add_test(NAME build.sizes COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                  ${CMAKE_SOURCE_DIR}/tests/build/sizes.py)
set_tests_properties(build.sizes PROPERTIES TIMEOUT 120)
add_test(NAME build.layers COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                   ${CMAKE_SOURCE_DIR}/tests/build/layers.py)
set_tests_properties(build.layers PROPERTIES TIMEOUT 120)

add_test(NAME build.mutants COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                    ${CMAKE_SOURCE_DIR}/tools/mutants/test_changes.py)
add_test(NAME build.memory_checker COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                           ${CMAKE_SOURCE_DIR}/tests/build/memory_checker.py)
set_tests_properties(build.memory_checker PROPERTIES TIMEOUT 120)
