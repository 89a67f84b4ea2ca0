# Registers the test that builds for Pythons that are not supported, and must be refused, and the one
# of the wrong changes that tools/mutants makes by hand.

add_test(NAME build.refusals
         COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/build/refusals.py
                 ${CMAKE_COMMAND} ${VH_CARGO_PROGRAM} ${CMAKE_BINARY_DIR})
set_tests_properties(build.refusals PROPERTIES TIMEOUT 600 RESOURCE_LOCK cargo)

add_test(NAME build.mutants COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                    ${CMAKE_SOURCE_DIR}/tools/mutants/test_changes.py)
