# The shared and the static library, of the same objects.

set(objects $<TARGET_OBJECTS:tenka_objects> $<TARGET_OBJECTS:tenka_cpu32> $<TARGET_OBJECTS:tenka_cpu64>
    ${fast_objects})
add_library(tenka SHARED ${objects})
add_library(tenka_static STATIC ${objects})
set_target_properties(tenka PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
set_target_properties(tenka_static PROPERTIES OUTPUT_NAME tenka)
foreach(library tenka tenka_static)
    set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
    target_include_directories(${library} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${library} PRIVATE ZLIB::ZLIB Jansson::Jansson Libzip::Libzip ${picture_libraries}
        Threads::Threads ${CMAKE_DL_LIBS} m $<BUILD_INTERFACE:tenka_options>)
    if(OpenMP_C_FOUND)
        target_link_libraries(${library} PRIVATE OpenMP::OpenMP_C)
    endif()
    if(Shaderc_FOUND)
        target_link_libraries(${library} PRIVATE ${SHADERC_LIBRARIES})
    endif()
    add_library(Tenka::${library} ALIAS ${library})
endforeach()
# The sanitizers' functions are in the program alone.
if(NOT TENKA_SANITIZE)
    target_link_options(tenka PRIVATE LINKER:--no-undefined)
endif()
# What static libraries define is not ours to export.
target_link_options(tenka PRIVATE LINKER:--exclude-libs,ALL)
