# What each CMake project of tests begins with, as part of the root build or configured on its own:
# the library to test and the Python it was built for.
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
  include(${CMAKE_CURRENT_LIST_DIR}/CompileOptions.cmake)
  enable_testing()
endif()
if(NOT VH_LIBRARY_FILE)
  message(FATAL_ERROR "Set VH_LIBRARY_FILE to the libvh_python_wrapper.so to test")
endif()
if(NOT VH_PYTHON_EXECUTABLE)
  find_program(VH_PYTHON_EXECUTABLE python3 REQUIRED)
endif()
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
