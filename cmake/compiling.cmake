# How the project's own code is compiled.

# What all of it is compiled with; never exported. No contraction into fused multiply-adds, so that
# every compiler rounds in the same places. gcc's maybe-uninitialized is off: it cannot know that tenka_fail() never
# returns TENKA_OK, and so suspects every result behind TENKA_TRY.
add_library(tenka_options INTERFACE)
target_compile_options(tenka_options INTERFACE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -ffp-contract=off $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
    $<$<BOOL:${TENKA_WERROR}>:-Werror> $<$<NOT:$<BOOL:${OpenMP_C_FOUND}>>:-Wno-unknown-pragmas>)

# Sources of the library, compiled once, position-independent, for the shared and the static one.
function(tenka_add_objects name)
    add_library(${name} OBJECT ${ARGN})
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    target_include_directories(${name} PRIVATE include src ${PROJECT_SOURCE_DIR})
    target_compile_definitions(${name} PRIVATE TENKA_VULKAN=$<BOOL:${TENKA_VULKAN}>)
    target_link_libraries(${name} PRIVATE tenka_options $<TARGET_NAME_IF_EXISTS:OpenMP::OpenMP_C>)
endfunction()
