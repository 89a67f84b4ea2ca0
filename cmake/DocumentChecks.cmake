# Registers the checks that documents written from tables are what the tables say, and that a table is
# what was measured; the reference and the stub file are checked by `cargo test`.

add_test(NAME documents.packages COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                         ${CMAKE_SOURCE_DIR}/tests/packages/document.py --check)
# What the documents show: code blocks are compiled, loaded and run, commands are known to the table.
# `make test-documents` runs the commands, which needs the usual folders.
set(documents_tools
    --field-host $<TARGET_FILE:field_host> --hub $<TARGET_FILE:vh_hub>
    --hub-core $<TARGET_FILE:vh_hub_core> --library ${VH_LIBRARY_FILE} --compiler
    ${CMAKE_CXX_COMPILER})
add_test(NAME documents.blocks
         COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/documents/check.py blocks
                 ${documents_tools} --jobs 2)
set_tests_properties(documents.blocks PROPERTIES TIMEOUT 600 PROCESSORS 2)
# That wrong blocks and commands are noticed.
add_test(NAME documents.driver
         COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tests/documents/test_check.py
                 ${documents_tools})
set_tests_properties(documents.driver PROPERTIES TIMEOUT 300)

# Prints both anew: `make docs`.
add_custom_target(
  docs
  COMMAND ${VH_GENERATE} docs/reference.md python/vh.pyi
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  USES_TERMINAL VERBATIM)

# A few rows of that table, measured again. With packages from PyPI.
add_test(NAME packages.rows COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                    ${CMAKE_SOURCE_DIR}/tests/packages/rows.py ${VH_LIBRARY_FILE})
set_tests_properties(packages.rows PROPERTIES TIMEOUT 900)
