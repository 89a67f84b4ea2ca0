# Which Python everything is built for and run with: VH_PYTHON (a name or path) names it,
# VH_PYTHON_EXECUTABLE is the interpreter itself.
#
# A pyenv shim answers differently from folder to folder, and cargo rebuilds for another Python only
# when the path changes; so the interpreter's own path is what gets used. A venv's stays its own.

set(VH_PYTHON "python3" CACHE STRING "Python to build for: a command or a path")

execute_process(
  COMMAND ${VH_PYTHON} -c "import sys; assert sys.version_info >= (3, 9); print(sys.executable)"
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  OUTPUT_VARIABLE VH_PYTHON_EXECUTABLE
  OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE python_result)
if(NOT python_result EQUAL 0)
  message(FATAL_ERROR "'${VH_PYTHON}' is not a Python 3.9 or newer that runs (${python_result}). "
                      "Choose another with PYTHON=... or -DVH_PYTHON=...")
endif()
message(STATUS "Python: ${VH_PYTHON_EXECUTABLE}")
