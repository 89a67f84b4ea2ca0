# What `cmake --install` puts where: the library, both headers, what find_package and pkg-config read,
# licences and documents. tests/install/ builds programs against it.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vh_python_wrapper)
set(generated_dir ${CMAKE_CURRENT_BINARY_DIR}/install)

configure_package_config_file(
  cmake/vh_python_wrapperConfig.cmake.in ${generated_dir}/vh_python_wrapperConfig.cmake
  INSTALL_DESTINATION ${config_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${generated_dir}/vh_python_wrapperConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)

# The prefix is the one given at install time: pkg-config finds it from where its file lies.
file(RELATIVE_PATH VH_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/vh_python_wrapper.pc.in ${generated_dir}/vh_python_wrapper.pc @ONLY)

install(PROGRAMS ${VH_LIBRARY_FILE} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(CODE "execute_process(COMMAND \"${CMAKE_CURRENT_SOURCE_DIR}/tools/check-runpath\" \"${VH_LIBRARY_FILE}\")")
install(FILES include/vh_python_wrapper.h include/vh_python.hpp
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${generated_dir}/vh_python_wrapperConfig.cmake
              ${generated_dir}/vh_python_wrapperConfigVersion.cmake
        DESTINATION ${config_dir})
install(FILES ${generated_dir}/vh_python_wrapper.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples/scripts DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
# For editors and type checkers.
install(FILES python/vh.pyi DESTINATION ${CMAKE_INSTALL_DATADIR}/vh_python_wrapper)
