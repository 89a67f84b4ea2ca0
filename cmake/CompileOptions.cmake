# Language level, warnings and the optional sanitizer of all C and C++ code.

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wpedantic)

set(VH_SANITIZE "" CACHE STRING "Empty, address, undefined, both with a comma, or thread")
set_property(CACHE VH_SANITIZE PROPERTY STRINGS "" address undefined address,undefined thread)
if(VH_SANITIZE)
  if(NOT VH_SANITIZE MATCHES "^(address|undefined|address,undefined|thread)$")
    message(FATAL_ERROR "VH_SANITIZE is '${VH_SANITIZE}': use address, undefined, "
                        "address,undefined or thread")
  endif()
  add_compile_options(-fsanitize=${VH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VH_SANITIZE})
endif()
