# Registers the tests of the build: Pythons that are not supported are refused, dependencies looked at,
# long functions and files found, and the wrong changes that tools/mutants makes by hand can be made.

add_test(NAME build.refusals
         COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/build/refusals.py
                 ${CMAKE_COMMAND} ${VH_CARGO_PROGRAM} ${CMAKE_BINARY_DIR})
set_tests_properties(build.refusals PROPERTIES TIMEOUT 600 RESOURCE_LOCK cargo)
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
