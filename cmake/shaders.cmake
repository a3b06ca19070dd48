# Compiles the shaders: each pass of shaders/<op>.comp, and each kernel of shaders/elementwise.comp, becomes the numbers
# of an array, and ${shader_dir}/shader_table.c holds the arrays.

set(shader_dir ${PROJECT_BINARY_DIR}/shaders)
file(MAKE_DIRECTORY ${shader_dir})
set(shader_files)
set(shader_arrays "")
set(shader_rows "")
foreach(row IN LISTS pass_rows element_passes)
    string(REPLACE "/" ";" row ${row})
    list(GET row 0 op)
    list(GET row 1 pass)
    set(source ${PROJECT_SOURCE_DIR}/shaders/${op}.comp)
    set(macros -DTENKA_PASS_${pass})
    list(LENGTH row fields)
    if(fields EQUAL 3)
        set(source ${PROJECT_SOURCE_DIR}/shaders/elementwise.comp)
        list(GET row 2 names)
        string(REPLACE " " ";-D" names "-D${names}")
        list(APPEND macros ${names})
    endif()
    set(code ${shader_dir}/${op}_${pass}.inc)
    add_custom_command(OUTPUT ${code}
        COMMAND ${GLSLC_EXECUTABLE} --target-env=vulkan1.2 -O -Werror -mfmt=num ${macros}
            -I ${PROJECT_SOURCE_DIR}/shaders -MD -MF ${code}.d -MT ${code} -o ${code} ${source}
        DEPENDS ${source} DEPFILE ${code}.d VERBATIM
        COMMENT "Compiling the shader of ${op}, pass ${pass}")
    list(APPEND shader_files ${code})
    string(APPEND shader_arrays
        "static const uint32_t ${op}_${pass}[] = {\n#include \"${op}_${pass}.inc\"\n};\n")
    string(APPEND shader_rows
        "    [TENKA_KERNEL_${op}_${pass}] = { ${op}_${pass}, sizeof ${op}_${pass} },\n")
endforeach()
file(CONFIGURE OUTPUT ${shader_dir}/shader_table.c @ONLY CONTENT
    "#include \"backend/vulkan/shaders.h\"\n\n@shader_arrays@
const struct tenka_shader tenka_shaders[TENKA_KERNEL_COUNT] = {\n@shader_rows@};\n")
set_property(SOURCE ${shader_dir}/shader_table.c PROPERTY OBJECT_DEPENDS "${shader_files}")
