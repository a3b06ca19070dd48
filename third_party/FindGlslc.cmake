# glslc, the GLSL compiler of the shaderc project.
#   GLSLC_EXECUTABLE  the program
include(FindPackageHandleStandardArgs)
find_program(GLSLC_EXECUTABLE glslc)
if(GLSLC_EXECUTABLE)
    execute_process(COMMAND ${GLSLC_EXECUTABLE} --version OUTPUT_VARIABLE version ERROR_QUIET)
    string(REGEX MATCH "shaderc v?([0-9.]+)" version "${version}")
    set(GLSLC_VERSION ${CMAKE_MATCH_1})
endif()
find_package_handle_standard_args(Glslc REQUIRED_VARS GLSLC_EXECUTABLE VERSION_VAR GLSLC_VERSION)
mark_as_advanced(GLSLC_EXECUTABLE)
