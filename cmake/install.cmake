# Installation: headers, a CMake package and a pkg-config file, all relocatable and independent of the architecture.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/fewbits")

install(TARGETS fewbits EXPORT fewbits-targets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT fewbits-targets NAMESPACE fewbits:: DESTINATION "${package_dir}")

configure_package_config_file(cmake/fewbits-config.cmake.in "${PROJECT_BINARY_DIR}/fewbits-config.cmake"
    INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/fewbits-config-version.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/fewbits-config.cmake" "${PROJECT_BINARY_DIR}/fewbits-config-version.cmake"
    DESTINATION "${package_dir}")

# The file sits in <prefix>/share/pkgconfig; its own place gives the prefix, also after `cmake --install --prefix`.
configure_file(cmake/fewbits.pc.in "${PROJECT_BINARY_DIR}/fewbits.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/fewbits.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/fewbits")
