# The Vulkan backend, or the stubs that say that this build has none.

if(NOT TENKA_VULKAN)
    target_sources(tenka_objects PRIVATE src/backend/vulkan/stubs.c)
    return()
endif()

include(cmake/shaders.cmake)
target_sources(tenka_objects PRIVATE ${vulkan_sources} ${shader_dir}/shader_table.c)
if(Shaderc_FOUND)
    target_sources(tenka_objects PRIVATE src/backend/vulkan/workshop.c)
    target_include_directories(tenka_objects SYSTEM PRIVATE ${SHADERC_INCLUDE_DIR})
else()
    target_sources(tenka_objects PRIVATE src/backend/vulkan/workshop_stubs.c)
endif()
# Volk is compiled here but written elsewhere: its warnings are not ours.
set_property(SOURCE src/backend/vulkan/volk.c PROPERTY COMPILE_OPTIONS -w)
target_link_libraries(tenka_objects PRIVATE Volk::Volk Vulkan::Headers $<TARGET_NAME_IF_EXISTS:Renderdoc::Api>)
set_property(SOURCE src/backend/vulkan/capture.c src/backend/vulkan/renderdoc.c APPEND PROPERTY COMPILE_DEFINITIONS
    TENKA_RENDERDOC=$<BOOL:${Renderdoc_FOUND}>)
