# Tests of what comes from outside: network texts, data files, model files. They need no data set.
foreach(name network_text data_files model_files pt_files)
    add_executable(test_${name} test_${name}.c)
    set_target_properties(test_${name} PROPERTIES C_EXTENSIONS OFF)
    target_link_libraries(test_${name} PRIVATE Tenka::tenka_static tenka_options Cmocka::Cmocka)
    add_test(NAME ${name} COMMAND test_${name})
endforeach()
target_link_libraries(test_pt_files PRIVATE Libzip::Libzip)
set_property(TEST pt_files PROPERTY WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
