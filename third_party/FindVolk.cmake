# Volk, which loads Vulkan at run time. Debian ships it as a header and the source that the header includes under
# VOLK_IMPLEMENTATION (src/backend/vulkan/volk.c does), without a library or a package file.
#   Volk::Volk  target: include folder, VK_NO_PROTOTYPES, the dl library
include(FindPackageHandleStandardArgs)
find_path(VOLK_INCLUDE_DIR NAMES volk.h PATH_SUFFIXES volk)
find_file(VOLK_SOURCE NAMES volk.c HINTS ${VOLK_INCLUDE_DIR})
if(VOLK_INCLUDE_DIR)
    file(STRINGS ${VOLK_INCLUDE_DIR}/volk.h version REGEX "^#define VOLK_HEADER_VERSION [0-9]+")
    string(REGEX REPLACE "[^0-9]" "" VOLK_VERSION "${version}")
endif()
find_package_handle_standard_args(Volk REQUIRED_VARS VOLK_INCLUDE_DIR VOLK_SOURCE VERSION_VAR VOLK_VERSION)
if(Volk_FOUND AND NOT TARGET Volk::Volk)
    add_library(Volk::Volk INTERFACE IMPORTED)
    set_target_properties(Volk::Volk PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${VOLK_INCLUDE_DIR}"
        INTERFACE_COMPILE_DEFINITIONS VK_NO_PROTOTYPES
        INTERFACE_LINK_LIBRARIES "${CMAKE_DL_LIBS}")
endif()
mark_as_advanced(VOLK_INCLUDE_DIR VOLK_SOURCE)
