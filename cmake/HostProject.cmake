# What each CMake project of programs that load the built library begins with, as part of the root build or
# configured on its own: which library that is, VH_LIBRARY_FILE, and the Python it was built for,
# VH_PYTHON_EXECUTABLE.
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  include(${CMAKE_CURRENT_LIST_DIR}/CompileOptions.cmake)
  include(${CMAKE_CURRENT_LIST_DIR}/Json.cmake)
  enable_testing()
endif()
if(NOT VH_LIBRARY_FILE)
  message(FATAL_ERROR "Set VH_LIBRARY_FILE to the libvh_python_wrapper.so to use")
endif()
if(NOT VH_PYTHON_EXECUTABLE)
  find_program(VH_PYTHON_EXECUTABLE python3 REQUIRED)
endif()
find_package(Threads REQUIRED)
