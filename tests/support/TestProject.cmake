# What each CMake project of tests begins with, as part of the root build or configured on its own:
# the library to test, the Python it was built for, and what test programs are made of.
#   VH_ROOT, VH_SUPPORT  the top folder, and this one
#   VH_HAS_OWN_GIL       true or false: whether that Python has the runtime own-gil
#   VH_CHECK_MEMORY      the command to run a program under a memory checker; see check_memory.py
set(VH_SUPPORT ${CMAKE_CURRENT_LIST_DIR})
get_filename_component(VH_ROOT ${VH_SUPPORT}/../.. ABSOLUTE)
include(${VH_ROOT}/cmake/HostProject.cmake)
find_package(GTest REQUIRED)

execute_process(
  COMMAND ${VH_PYTHON_EXECUTABLE} -c "import sys; print(str(sys.version_info >= (3, 12)).lower())"
  OUTPUT_VARIABLE VH_HAS_OWN_GIL
  OUTPUT_STRIP_TRAILING_WHITESPACE
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "'${VH_PYTHON_EXECUTABLE}' is not a Python that runs (${result})")
endif()
set(VH_CHECK_MEMORY ${VH_PYTHON_EXECUTABLE} -B ${VH_SUPPORT}/check_memory.py)

# A program that uses the library as a hub does, by dlopen and dlsym: it links neither that nor Python.
#   HUB      with the hub of fake_hub.hpp, for a program of gtest
#   ADDRESS  built with AddressSanitizer
function(vh_add_host_program program)
  cmake_parse_arguments(PARSE_ARGV 1 with "HUB;ADDRESS" "" "")
  set(support library.cpp blocks.cpp)
  if(with_HUB)
    list(APPEND support fake_hub.cpp log_capture.cpp)
  endif()
  list(TRANSFORM support PREPEND ${VH_SUPPORT}/)
  add_executable(${program} ${with_UNPARSED_ARGUMENTS} ${support})
  target_include_directories(${program} PRIVATE ${VH_ROOT}/include ${VH_SUPPORT})
  target_compile_definitions(
    ${program}
    PRIVATE VH_LIBRARY_FILE="${VH_LIBRARY_FILE}" VH_SUPPORT_FOLDER="${VH_SUPPORT}"
            VH_PYTHON_EXECUTABLE="${VH_PYTHON_EXECUTABLE}" VH_HAS_OWN_GIL=${VH_HAS_OWN_GIL})
  target_link_libraries(${program} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
  if(with_HUB)
    target_link_libraries(${program} PRIVATE GTest::gtest_main)
  endif()
  if(with_ADDRESS)
    vh_watch_addresses(${program})
  endif()
  if(TARGET vh_library)
    add_dependencies(${program} vh_library)
  endif()
endfunction()

function(vh_watch_addresses program)
  target_compile_options(${program} PRIVATE -fsanitize=address -fno-omit-frame-pointer)
  target_link_options(${program} PRIVATE -fsanitize=address)
endfunction()

# One ctest test for a suite: its tests share a process, in which the library begins and ends many times.
function(vh_add_suite name program filter timeout)
  add_test(NAME ${name} COMMAND ${program} --gtest_brief=1 --gtest_filter=${filter})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout})
endfunction()

# A program with its arguments under a memory checker: `address` or `valgrind`.
function(vh_add_memory_test name checker program)
  add_test(NAME ${name} COMMAND ${VH_CHECK_MEMORY} ${checker} $<TARGET_FILE:${program}> ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS memory TIMEOUT 600)
endfunction()
