# Tests of whole programs: losses against PyTorch, the command, the examples.

add_executable(test_golden test_golden.c)
set_target_properties(test_golden PROPERTIES C_EXTENSIONS OFF)
target_link_libraries(test_golden PRIVATE Tenka::tenka_static tenka_options Cmocka::Cmocka m)
foreach(backend cpu cpu-f64 vulkan)
    if(backend STREQUAL vulkan AND NOT TENKA_VULKAN)
        continue()
    endif()
    add_test(NAME golden_${backend}
        COMMAND test_golden ${backend} ${CMAKE_CURRENT_SOURCE_DIR}/golden/reference_seed0_batch100.txt)
    set_tests_properties(golden_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()

# Random steps against an interpreter; more of them with an argument.
add_executable(test_random_steps test_random_steps.c)
set_target_properties(test_random_steps PROPERTIES C_EXTENSIONS OFF)
target_link_libraries(test_random_steps PRIVATE Tenka::tenka_static tenka_options m)
add_test(NAME random_steps COMMAND test_random_steps)
set_tests_properties(random_steps PROPERTIES TIMEOUT 300)

# What the command shows on terminals of every width.
add_executable(test_progress test_progress.c ${PROJECT_SOURCE_DIR}/tools/tenka/progress_line.c
    ${PROJECT_SOURCE_DIR}/tools/tenka/progress_course.c
    ${PROJECT_SOURCE_DIR}/tools/tenka/text.c)
set_target_properties(test_progress PROPERTIES C_EXTENSIONS OFF)
target_include_directories(test_progress PRIVATE ${PROJECT_SOURCE_DIR}/tools/tenka)
target_link_libraries(test_progress PRIVATE Tenka::tenka_static tenka_options Cmocka::Cmocka m)
add_test(NAME progress COMMAND test_progress)
add_test(NAME cli_terminal COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_terminal.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli_terminal PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)

add_test(NAME cli COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli PROPERTIES TIMEOUT 900)

add_test(NAME saving COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_saving.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(saving PROPERTIES TIMEOUT 300)
add_test(NAME cli_data COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_data.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli_data PROPERTIES TIMEOUT 900)

# Arrays as data; and trainings on them with the losses and optimizers of PyTorch, whose losses must come out.
add_test(NAME cli_arrays COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_arrays.sh $<TARGET_FILE:tenka_command>)
add_test(NAME cli_info COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_info.sh $<TARGET_FILE:tenka_command>
    ${CMAKE_CURRENT_SOURCE_DIR}/golden)
# TensorBoard's events and the report.
add_test(NAME cli_watch COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_watch.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli_watch PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
add_test(NAME cli_answers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_answers.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli_answers PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
add_test(NAME cli_tuning COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_tuning.sh $<TARGET_FILE:tenka_command>)
add_test(NAME cli_tables COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_tables.sh $<TARGET_FILE:tenka_command>)
add_test(NAME numpy COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_numpy.sh $<TARGET_FILE:tenka_command>)
if(PNG_FOUND AND JPEG_FOUND)
    add_test(NAME bad_data COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_bad_data.sh $<TARGET_FILE:tenka_command>
        ${CMAKE_CURRENT_SOURCE_DIR}/golden)
    set_tests_properties(bad_data PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()
set_tests_properties(numpy PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
add_test(NAME cli_steps COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_steps.sh $<TARGET_FILE:tenka_command>)
add_test(NAME cli_best COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_best.sh $<TARGET_FILE:tenka_command>)
set_tests_properties(cli_arrays cli_tables cli_tuning cli_steps cli_best PROPERTIES TIMEOUT 900)
foreach(backend IN LISTS backends)
    add_test(NAME recipes_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_recipes.sh $<TARGET_FILE:tenka_command>
        ${backend} ${CMAKE_CURRENT_SOURCE_DIR}/golden/recipes)
    add_test(NAME cli_mixing_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_mixing.sh
        $<TARGET_FILE:tenka_command> ${backend})
    add_test(NAME cli_targets_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_targets.sh
        $<TARGET_FILE:tenka_command> ${backend})
    set_tests_properties(recipes_${backend} cli_mixing_${backend} cli_targets_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()

# Without the libraries test_image_files sees to it that their absence is said.
if(PNG_FOUND AND JPEG_FOUND)
    add_test(NAME cli_pictures COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_pictures.sh $<TARGET_FILE:tenka_command>
        ${CMAKE_CURRENT_SOURCE_DIR}/golden)
    set_tests_properties(cli_pictures PROPERTIES TIMEOUT 900)
    add_test(NAME cli_transforms COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_transforms.sh
        $<TARGET_FILE:tenka_command> ${CMAKE_CURRENT_SOURCE_DIR}/golden)
    set_tests_properties(cli_transforms PROPERTIES TIMEOUT 900)
    # Pictures with masks, which a program makes.
    add_executable(write_shapes write_shapes.c)
    set_target_properties(write_shapes PROPERTIES C_EXTENSIONS OFF)
    target_link_libraries(write_shapes PRIVATE Tenka::tenka_static tenka_options)
    foreach(backend IN LISTS backends)
        add_test(NAME cli_masks_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_masks.sh
            $<TARGET_FILE:tenka_command> ${backend} $<TARGET_FILE:write_shapes> ${CMAKE_CURRENT_SOURCE_DIR}/golden)
        set_tests_properties(cli_masks_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
    endforeach()
    add_test(NAME predict COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_predict.sh $<TARGET_FILE:tenka_command>
        ${CMAKE_CURRENT_SOURCE_DIR}/golden)
    set_tests_properties(predict PROPERTIES TIMEOUT 900)
    if(NOT TENKA_VULKAN)
        set_tests_properties(predict PROPERTIES ENVIRONMENT TENKA_REQUIRE_VULKAN=0)
    endif()
endif()

if(TENKA_VULKAN)
    # Broken kernels in a copy of the shaders; and broken training steps, whose kernels take long to compile.
    add_test(NAME verify
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_verify.sh $<TARGET_FILE:tenka_command> ${PROJECT_SOURCE_DIR}/shaders)
    add_test(NAME verify_steps COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_verify.sh $<TARGET_FILE:tenka_command>
        ${PROJECT_SOURCE_DIR}/shaders steps)
    # Broken formulas in the same way.
    add_test(NAME elementwise COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_elementwise.sh ${PROJECT_SOURCE_DIR}
        $<TARGET_FILE:tenka_command>)
    set_tests_properties(elementwise PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
    set_tests_properties(verify verify_steps PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800)
    set_tests_properties(verify_steps PROPERTIES LABELS slow)
endif()

# Faults as a user meets them. A layer between the loader and the driver loses the device.
set(layer_folder ${CMAKE_CURRENT_BINARY_DIR}/lost_layer)
if(TENKA_VULKAN)
    add_library(lost_layer MODULE lost_layer.c)
    target_link_libraries(lost_layer PRIVATE Vulkan::Headers tenka_options)
    set_target_properties(lost_layer PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${layer_folder})
    file(GENERATE OUTPUT ${layer_folder}/lost_layer.json CONTENT "{\"file_format_version\": \"1.1.0\", \"layer\": {
    \"name\": \"VK_LAYER_TENKA_lost\", \"type\": \"GLOBAL\", \"library_path\": \"$<TARGET_FILE:lost_layer>\",
    \"api_version\": \"1.3.0\", \"implementation_version\": \"1\", \"description\": \"loses the device\"}}\n")
endif()
add_test(NAME cli_faults
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_cli_faults.sh $<TARGET_FILE:tenka_command> ${layer_folder})
set_tests_properties(cli_faults PROPERTIES TIMEOUT 900)

# Files of Vulkan's loader that are damaged, and devices of other kinds.
if(TENKA_VULKAN)
    add_test(NAME drivers
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_drivers.sh $<TARGET_FILE:tenka_command> ${layer_folder})
    set_tests_properties(drivers PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()

# What `tenka profile` writes for others: a trace for Perfetto, a capture for RenderDoc.
foreach(backend cpu vulkan)
    if(backend STREQUAL vulkan AND NOT TENKA_VULKAN)
        continue()
    endif()
    add_test(NAME trace_${backend}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_trace.sh $<TARGET_FILE:tenka_command> ${backend})
    set_tests_properties(trace_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endforeach()
if(TENKA_VULKAN AND NOT TENKA_SANITIZE)
    add_test(NAME capture COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_capture.sh $<TARGET_FILE:tenka_command>)
    set_tests_properties(capture PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)
endif()

# Five kills, and the same test with twenty.
add_test(NAME resume COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_resume.sh $<TARGET_FILE:tenka_command>)
add_test(NAME resume_slow COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_resume.sh $<TARGET_FILE:tenka_command> 20)
set_tests_properties(resume resume_slow PROPERTIES TIMEOUT 900)
set_tests_properties(resume_slow PROPERTIES LABELS slow)
if(NOT TENKA_VULKAN)
    # A build without Vulkan has no device to require.
    set_tests_properties(cli cli_faults resume resume_slow PROPERTIES ENVIRONMENT TENKA_REQUIRE_VULKAN=0)
endif()

add_test(NAME examples_document COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_examples_document.sh
    $<TARGET_FILE:tenka_command> ${PROJECT_SOURCE_DIR})
set_tests_properties(examples_document PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
add_test(NAME readme
    COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_readme.sh $<TARGET_FILE:tenka_command> ${PROJECT_SOURCE_DIR})
set_tests_properties(readme PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 900)

if(TENKA_BUILD_EXAMPLES)
    if(PNG_FOUND AND JPEG_FOUND)
        add_test(NAME example_use_model COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_use_model.sh
            $<TARGET_FILE:example_use_model> $<TARGET_FILE:tenka_command> ${CMAKE_CURRENT_SOURCE_DIR}/golden)
    endif()
    add_test(NAME example_mnist COMMAND example_mnist /usr/share/datasets/fashion-mnist 1000)
    add_test(NAME example_custom COMMAND example_custom 20)
    set_tests_properties(example_mnist example_custom PROPERTIES TIMEOUT 300)
    foreach(backend cpu vulkan)
        if(backend STREQUAL vulkan AND NOT TENKA_VULKAN)
            continue()
        endif()
        foreach(example vae dcgan siamese super_resolution)
            add_test(NAME example_${example}_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_known_examples.sh
                $<TARGET_FILE:example_${example}> $<TARGET_FILE:tenka_command> ${backend})
            set_tests_properties(example_${example}_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
        endforeach()
        add_test(NAME example_custom_${backend} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_custom_example.sh
            $<TARGET_FILE:example_custom> $<TARGET_FILE:tenka_command> ${backend})
        set_tests_properties(example_custom_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
        # Steps, and how much of the last two batches is right then; a software device takes a few steps only.
        set(unet_steps_cpu 60 90)
        set(unet_steps_vulkan 12 80)
        # From how many are right by chance, 10 %. A batch more or less hangs on the last bit of a sum.
        set(resnet20_steps_cpu 40 80)
        set(resnet20_steps_vulkan 6 0)
        foreach(example unet resnet20)
            add_test(NAME example_${example}_${backend}
                COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_network_example.sh $<TARGET_FILE:example_${example}>
                ${${example}_steps_${backend}} $<TARGET_FILE:tenka_command> ${backend})
            set_tests_properties(example_${example}_${backend} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
        endforeach()
    endforeach()
    if(NOT EXISTS /usr/share/datasets/fashion-mnist)
        set_tests_properties(example_mnist PROPERTIES DISABLED ON)
    endif()
endif()

# Weights to PyTorch and back; skipped where PyTorch is not installed. Not under the sanitizers, where it would take
# long and see nothing that the tests of the files do not.
if(NOT TENKA_SANITIZE)
    add_executable(test_forward forward.c)
    set_target_properties(test_forward PROPERTIES C_EXTENSIONS OFF)
    target_link_libraries(test_forward PRIVATE Tenka::tenka_static tenka_options)
    add_test(NAME interop
        COMMAND ${PROJECT_SOURCE_DIR}/tools/interop $<TARGET_FILE:tenka_command> $<TARGET_FILE:test_forward>)
    set_tests_properties(interop PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800)
endif()

# Models of torchvision; skipped where it is not installed. The slow ones are one of each family.
if(NOT TENKA_SANITIZE)
    set(zoo /usr/bin/python3 ${PROJECT_SOURCE_DIR}/tools/zoo --build $<TARGET_FILE_DIR:tenka_command>)
    add_test(NAME zoo COMMAND ${zoo} --models resnet18,squeezenet1_1,shufflenet_v2_x0_5,mobilenet_v3_small)
    add_test(NAME zoo_slow COMMAND ${zoo} --quick)
    set_tests_properties(zoo zoo_slow PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600)
    set_tests_properties(zoo_slow PROPERTIES LABELS slow)
    if(TENKA_VULKAN)
        add_test(NAME zoo_vulkan COMMAND ${zoo} --models squeezenet1_1 --backends vulkan)
        add_test(NAME zoo_vulkan_nightly COMMAND ${zoo} --quick --backends vulkan)
        set_tests_properties(zoo_vulkan zoo_vulkan_nightly PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600)
        set_tests_properties(zoo_vulkan_nightly PROPERTIES LABELS "slow;nightly")
    endif()
endif()

# Tenka beside PyTorch: that both sides run, not how fast.
if(NOT TENKA_SANITIZE)
    add_test(NAME compare COMMAND ${PROJECT_SOURCE_DIR}/tools/bench/compare --tenka $<TARGET_FILE:tenka_command>
        --cases mlp-100 --rounds 1 --seconds 0.01 --json)
    set_tests_properties(compare PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 300)
endif()
