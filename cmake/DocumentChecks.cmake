# Registers the checks that documents written from tables are what the tables say, and that a table is
# what was measured; the reference and the stub file are checked by `cargo test`.

add_test(NAME documents.packages COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                         ${CMAKE_SOURCE_DIR}/tests/packages/document.py --check)
add_test(
  NAME documents.python2
  COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/python2/check.py
          $<TARGET_FILE:vh_types_host> ${VH_LIBRARY_FILE} ${CMAKE_SOURCE_DIR}/docs/python2.md)
set_tests_properties(documents.python2 PROPERTIES TIMEOUT 300)

# A few rows of that table, measured again. With packages from PyPI.
add_test(NAME packages.rows COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                    ${CMAKE_SOURCE_DIR}/tests/packages/rows.py ${VH_LIBRARY_FILE})
set_tests_properties(packages.rows PROPERTIES TIMEOUT 900)
