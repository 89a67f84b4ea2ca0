# Registers the tests that install the library somewhere and use what lies there.

# Projects outside of this tree, built against an installation in an empty folder.
add_test(NAME install.projects
         COMMAND ${CMAKE_SOURCE_DIR}/tests/install/test_projects ${CMAKE_BINARY_DIR}
                 ${CMAKE_INSTALL_LIBDIR} ${CMAKE_CXX_COMPILER})
set_tests_properties(install.projects PROPERTIES TIMEOUT 300)

# What is said to who lacks the Rust or the Python to build with.
add_test(NAME install.bootstrap COMMAND ${CMAKE_SOURCE_DIR}/tests/install/test_bootstrap)
set_tests_properties(install.bootstrap PROPERTIES TIMEOUT 120)

# `make install` and `make uninstall` in a hub's folder.
add_test(NAME install.hub COMMAND ${CMAKE_SOURCE_DIR}/tests/install/test_hub ${VH_LIBRARY_FILE})
set_tests_properties(install.hub PROPERTIES TIMEOUT 120 ENVIRONMENT CC=${CMAKE_C_COMPILER})

# The Debian package, where there are Debian's tools. In a whole Debian it is tested by
# tests/install/test_debian, which takes root and a mirror of packages.
find_program(VH_DPKG_DEB dpkg-deb)
if(VH_DPKG_DEB)
  add_test(NAME install.deb COMMAND ${CMAKE_SOURCE_DIR}/tests/install/test_deb ${CMAKE_BINARY_DIR})
  set_tests_properties(install.deb PROPERTIES TIMEOUT 300)
endif()
