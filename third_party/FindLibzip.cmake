# libzip, which reads and writes zip archives. Its own CMake files ask for its tools, which Debian packs apart.
# Installed with the library: programs that link tenka statically need it too.
#   Libzip::Libzip  target
include(FindPackageHandleStandardArgs)
find_path(LIBZIP_INCLUDE_DIR zip.h)
find_library(LIBZIP_LIBRARY zip)
if(LIBZIP_INCLUDE_DIR AND EXISTS ${LIBZIP_INCLUDE_DIR}/zipconf.h)
    file(STRINGS ${LIBZIP_INCLUDE_DIR}/zipconf.h line REGEX "^#define LIBZIP_VERSION +\"")
    string(REGEX MATCH "[0-9.]+" LIBZIP_VERSION "${line}")
endif()
find_package_handle_standard_args(Libzip REQUIRED_VARS LIBZIP_LIBRARY LIBZIP_INCLUDE_DIR VERSION_VAR LIBZIP_VERSION)
if(Libzip_FOUND AND NOT TARGET Libzip::Libzip)
    add_library(Libzip::Libzip UNKNOWN IMPORTED)
    set_target_properties(Libzip::Libzip PROPERTIES IMPORTED_LOCATION "${LIBZIP_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LIBZIP_INCLUDE_DIR}")
endif()
mark_as_advanced(LIBZIP_INCLUDE_DIR LIBZIP_LIBRARY)
