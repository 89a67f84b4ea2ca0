# Registers the end-to-end tests: Python clients, and ncdc, talk to the hub that runs the scripts.

set(client_tests ${CMAKE_SOURCE_DIR}/tests/clients)

# One ctest test for one module of tests/clients, in the way of one hub generation.
function(add_client_test module generation timeout)
  set(name clients.${module}.${generation})
  add_test(
    NAME ${name}
    COMMAND ${VH_PYTHON_EXECUTABLE} -B -m unittest -v test_${module}
    WORKING_DIRECTORY ${client_tests})
  set_tests_properties(
    ${name}
    PROPERTIES
      TIMEOUT ${timeout}
      ENVIRONMENT
      "VH_HUB=$<TARGET_FILE:vh_hub>;VH_LIBRARY=${VH_LIBRARY_FILE};VH_GENERATION=${generation}")
endfunction()

foreach(generation classic bidirectional python3)
  add_client_test(scripts ${generation} 180)
  add_client_test(hub ${generation} 180)
  add_client_test(habits ${generation} 180)
  add_client_test(crash ${generation} 300)
  add_client_test(refuse ${generation} 180)
  add_client_test(loading ${generation} 180)
endforeach()
add_client_test(attacks python3 300)
add_client_test(many python3 180)
add_client_test(accounts python3 180)
add_client_test(database python3 180)
add_client_test(protocol python3 180)
add_client_test(numbers python3 180)
add_client_test(passwords python3 180)
add_client_test(log python3 180)
add_client_test(ncdc python3 180)
add_library(host_crash_handler MODULE ${client_tests}/host_handler.c)
set_property(
  TEST clients.crash.classic clients.crash.bidirectional clients.crash.python3
  APPEND
  PROPERTY ENVIRONMENT "VH_HOST_HANDLER=$<TARGET_FILE:host_crash_handler>")
add_test(NAME clients.demo COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tools/demo.py --hub
                                   $<TARGET_FILE:vh_hub> --library ${VH_LIBRARY_FILE})
set_tests_properties(clients.demo PROPERTIES TIMEOUT 180)
# The same with every script in a process of its own.
add_test(
  NAME clients.scripts.worker
  COMMAND ${VH_PYTHON_EXECUTABLE} -B -m unittest -v test_scripts
  WORKING_DIRECTORY ${client_tests})
add_test(NAME clients.demo.worker COMMAND ${VH_PYTHON_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/tools/demo.py
                                          --hub $<TARGET_FILE:vh_hub> --library ${VH_LIBRARY_FILE})
set_tests_properties(
  clients.scripts.worker clients.demo.worker
  PROPERTIES
    TIMEOUT 180
    ENVIRONMENT
    "VH_HUB=$<TARGET_FILE:vh_hub>;VH_LIBRARY=${VH_LIBRARY_FILE};VH_GENERATION=python3;VH_PYTHON_RUNTIME=worker"
)
# With packages from PyPI.
add_client_test(hub_api python3 600)
add_client_test(numpy python3 600)
add_client_test(environments python3 600)
