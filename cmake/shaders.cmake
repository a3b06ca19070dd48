# Compiles the shaders: each pass of shaders/<op>.comp, and each kernel of a shader that several share, becomes for each
# storage type (op.h) the numbers of an array, and ${shader_dir}/shader_table.c holds the arrays.

set(shader_dir ${PROJECT_BINARY_DIR}/shaders)
set(storage_types f32)
file(MAKE_DIRECTORY ${shader_dir})
set(shader_files)
set(shader_arrays "")
set(shader_rows "")
foreach(row IN LISTS pass_rows shared_passes)
    string(REPLACE "/" ";" row ${row})
    list(GET row 0 op)
    list(GET row 1 pass)
    set(source ${PROJECT_SOURCE_DIR}/shaders/${op}.comp)
    set(macros -DTENKA_PASS_${pass})
    list(LENGTH row fields)
    if(fields EQUAL 4)
        list(GET row 2 names)
        list(GET row 3 file)
        set(source ${PROJECT_SOURCE_DIR}/shaders/${file}.comp)
        string(REPLACE " " ";-D" names "-D${names}")
        list(APPEND macros ${names})
    endif()
    foreach(type IN LISTS storage_types)
        set(name ${op}_${pass}_${type})
        set(code ${shader_dir}/${name}.inc)
        add_custom_command(OUTPUT ${code}
            COMMAND ${GLSLC_EXECUTABLE} --target-env=vulkan1.2 -O -Werror -mfmt=num ${macros} -DTENKA_STORED_${type}
                -I ${PROJECT_SOURCE_DIR}/shaders -MD -MF ${code}.d -MT ${code} -o ${code} ${source}
            DEPENDS ${source} DEPFILE ${code}.d VERBATIM
            COMMENT "Compiling the shader of ${op}, pass ${pass}, ${type}")
        list(APPEND shader_files ${code})
        string(APPEND shader_arrays "static const uint32_t ${name}[] = {\n#include \"${name}.inc\"\n};\n")
        string(APPEND shader_rows
            "    [TENKA_KERNEL_${op}_${pass}][TENKA_STORED_${type}] = { ${name}, sizeof ${name} },\n")
    endforeach()
endforeach()
file(CONFIGURE OUTPUT ${shader_dir}/shader_table.c @ONLY CONTENT
    "#include \"backend/vulkan/shaders.h\"\n\n@shader_arrays@
const struct tenka_shader tenka_shaders[TENKA_KERNEL_COUNT][TENKA_STORED_COUNT] = {\n@shader_rows@};\n")
set_property(SOURCE ${shader_dir}/shader_table.c PROPERTY OBJECT_DEPENDS "${shader_files}")
