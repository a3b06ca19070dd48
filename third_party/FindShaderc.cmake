# shaderc as a library, which compiles shaders at run time.
#   Shaderc::Shaderc  target; SHADERC_LIBRARIES what it links
# Debian 13's shared library serves; Debian 12's lacks the parts of glslang that it needs and cannot be linked, but its
# static one can, together with them. Which of the two works is tried.
include(FindPackageHandleStandardArgs)
include(CheckCSourceCompiles)
find_path(SHADERC_INCLUDE_DIR shaderc/shaderc.h)
if(SHADERC_INCLUDE_DIR)
    set(source "#include <shaderc/shaderc.h>\nint main(void) { return shaderc_compiler_initialize() == 0; }\n")
    set(CMAKE_REQUIRED_INCLUDES ${SHADERC_INCLUDE_DIR})
    set(CMAKE_REQUIRED_QUIET ON)
    set(shared shaderc)
    set(static shaderc_combined MachineIndependent GenericCodeGen OGLCompiler OSDependent SPIRV SPIRV-Tools-opt
        SPIRV-Tools stdc++ m)
    foreach(way shared static)
        set(CMAKE_REQUIRED_LIBRARIES ${${way}} Threads::Threads)
        check_c_source_compiles("${source}" SHADERC_LINKS_${way})
        if(SHADERC_LINKS_${way})
            set(SHADERC_LIBRARIES ${${way}})
            break()
        endif()
    endforeach()
    unset(CMAKE_REQUIRED_INCLUDES)
    unset(CMAKE_REQUIRED_LIBRARIES)
    unset(CMAKE_REQUIRED_QUIET)
endif()
find_package_handle_standard_args(Shaderc REQUIRED_VARS SHADERC_LIBRARIES SHADERC_INCLUDE_DIR)
if(Shaderc_FOUND AND NOT TARGET Shaderc::Shaderc)
    add_library(Shaderc::Shaderc INTERFACE IMPORTED)
    set_target_properties(Shaderc::Shaderc PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${SHADERC_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "${SHADERC_LIBRARIES}")
endif()
mark_as_advanced(SHADERC_INCLUDE_DIR)
