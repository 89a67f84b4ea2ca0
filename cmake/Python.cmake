# Which Python everything is built for and run with: VH_PYTHON (a name or path) names it,
# VH_PYTHON_EXECUTABLE is the interpreter itself, VH_PYTHON_VERSION its version.
#
# A pyenv shim answers differently from folder to folder, and cargo builds anew for another Python
# only when path or version change; so the interpreter's own path is used. A venv's stays its own.

set(VH_PYTHON "python3" CACHE STRING "Python to build for: a command or a path")

execute_process(
  COMMAND ${VH_PYTHON} -c "import platform, sys, sysconfig; assert sys.version_info >= (3, 9)
free_threaded = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))
print(sys.executable, platform.python_version(), free_threaded, sep=';')"
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  OUTPUT_VARIABLE python
  OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "'${VH_PYTHON}' is not a Python 3.9 or newer that runs (${result}). "
                      "Choose another with PYTHON=... or -DVH_PYTHON=...")
endif()
list(GET python 0 VH_PYTHON_EXECUTABLE)
list(GET python 2 is_free_threaded)
if(is_free_threaded)
  message(FATAL_ERROR "'${VH_PYTHON}' is a free-threaded build of Python, which the library does "
                      "not support. Choose one with the GIL with PYTHON=... or -DVH_PYTHON=...")
endif()
list(GET python 1 VH_PYTHON_VERSION)
message(STATUS "Python: ${VH_PYTHON_VERSION}, ${VH_PYTHON_EXECUTABLE}")
