# nlohmann/json, which include/vh_python.hpp stands on, for all targets from here on.
find_package(nlohmann_json 3.9 QUIET)
if(NOT nlohmann_json_FOUND)
  message(FATAL_ERROR "nlohmann/json 3.9 or newer is missing: install the package nlohmann-json3-dev "
                      "(tools/bootstrap does), or say where it is with -Dnlohmann_json_DIR=...")
endif()
link_libraries(nlohmann_json::nlohmann_json)
