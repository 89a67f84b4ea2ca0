# Registers the checks that documents written from tables are what the tables say; the reference and
# the stub file are checked by `cargo test`.

add_test(NAME documents.packages COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                         ${CMAKE_SOURCE_DIR}/tests/packages/document.py --check)
add_test(
  NAME documents.python2
  COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/python2/check.py
          $<TARGET_FILE:vh_types_host> ${VH_LIBRARY_FILE} ${CMAKE_SOURCE_DIR}/docs/python2.md)
set_tests_properties(documents.python2 PROPERTIES TIMEOUT 300)
