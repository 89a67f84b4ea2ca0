# The headers and the libpython of VH_PYTHON_EXECUTABLE, as its own sysconfig tells: python_headers,
# VH_PYTHON_LIBRARY and python_version, such as 3.11.
execute_process(
  COMMAND ${VH_PYTHON_EXECUTABLE} -c "import sysconfig
get = sysconfig.get_config_var
print(get('INCLUDEPY'), get('LIBDIR'), 'python' + get('LDVERSION'), get('VERSION'), sep=';')"
  OUTPUT_VARIABLE python
  OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "'${VH_PYTHON_EXECUTABLE}' is not a Python that runs (${result})")
endif()
list(GET python 0 python_headers)
list(GET python 1 python_libraries)
list(GET python 2 python_library)
list(GET python 3 python_version)
find_library(VH_PYTHON_LIBRARY ${python_library} HINTS ${python_libraries} REQUIRED)
