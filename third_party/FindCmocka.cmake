# cmocka, which runs the tests.
#   Cmocka::Cmocka  target
include(FindPackageHandleStandardArgs)
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
endif()
find_package_handle_standard_args(Cmocka REQUIRED_VARS CMOCKA_LINK_LIBRARIES VERSION_VAR CMOCKA_VERSION)
if(Cmocka_FOUND AND NOT TARGET Cmocka::Cmocka)
    add_library(Cmocka::Cmocka INTERFACE IMPORTED)
    target_link_libraries(Cmocka::Cmocka INTERFACE PkgConfig::CMOCKA)
endif()
