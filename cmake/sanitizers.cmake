# Sanitizers, and fuzzing targets that need them, are options of all of the project's own code.

if(TENKA_SANITIZE)
    target_compile_options(tenka_options INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tenka_options INTERFACE -fsanitize=address,undefined)
endif()

if(TENKA_BUILD_FUZZERS)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "TENKA_BUILD_FUZZERS needs clang: -DCMAKE_C_COMPILER=clang")
    endif()
    target_compile_options(tenka_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
