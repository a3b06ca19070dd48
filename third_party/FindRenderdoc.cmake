# The header of RenderDoc's in-application API, through which captures are made. Nothing is linked.
#   Renderdoc::Api  target: include folder
include(FindPackageHandleStandardArgs)
find_path(RENDERDOC_INCLUDE_DIR renderdoc_app.h)
find_package_handle_standard_args(Renderdoc REQUIRED_VARS RENDERDOC_INCLUDE_DIR)
if(Renderdoc_FOUND AND NOT TARGET Renderdoc::Api)
    add_library(Renderdoc::Api INTERFACE IMPORTED)
    set_target_properties(Renderdoc::Api PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${RENDERDOC_INCLUDE_DIR}")
endif()
mark_as_advanced(RENDERDOC_INCLUDE_DIR)
