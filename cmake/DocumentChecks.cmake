# Registers the checks that documents written from tables are what the tables say; the reference and
# the stub file are checked by `cargo test`.

add_test(NAME documents.packages COMMAND ${VH_PYTHON_EXECUTABLE} -B
                                         ${CMAKE_SOURCE_DIR}/tests/packages/document.py --check)
