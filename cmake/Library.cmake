# Builds libvh_python_wrapper.so with cargo: target `vh_library`, file VH_LIBRARY_FILE.
# VH_CARGO is the command line that every use of cargo starts with.

find_program(VH_CARGO_PROGRAM cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)
execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../tools/check-rust ${VH_CARGO_PROGRAM}
                RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  # Another one may be there the next time.
  unset(VH_CARGO_PROGRAM CACHE)
  message(FATAL_ERROR "There is no Rust here that can build the library, see above.")
endif()

if(DEFINED ENV{CARGO_TARGET_DIR})
  get_filename_component(cargo_target_dir $ENV{CARGO_TARGET_DIR} ABSOLUTE
                         BASE_DIR ${CMAKE_SOURCE_DIR})
else()
  set(cargo_target_dir ${CMAKE_SOURCE_DIR}/target)
endif()
# PyO3 watches both variables: the signature tells it of another Python at the same path.
set(VH_CARGO
    ${CMAKE_COMMAND} -E env PYO3_PYTHON=${VH_PYTHON_EXECUTABLE}
    PYO3_ENVIRONMENT_SIGNATURE=${VH_PYTHON_VERSION} CARGO_TARGET_DIR=${cargo_target_dir}
    ${VH_CARGO_PROGRAM})
set(VH_LIBRARY_FILE ${cargo_target_dir}/release/libvh_python_wrapper.so)
set(VH_INCLUDE_DIR ${CMAKE_SOURCE_DIR}/include)
include_directories(${VH_INCLUDE_DIR})

# Cargo itself knows best what is out of date, so it runs every time.
add_custom_target(
  vh_library ALL
  COMMAND ${VH_CARGO} build --release --locked
  BYPRODUCTS ${VH_LIBRARY_FILE}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Building libvh_python_wrapper.so"
  USES_TERMINAL VERBATIM)
