# The kernels of the CPU: plain ones for each precision, fast ones for each instruction set.

# Compilers take minutes to optimise the checks of sanitizers in code that is unrolled and made into vectors.
set(kernel_flags $<$<NOT:$<CONFIG:Debug>>:-O3>)
if(TENKA_SANITIZE)
    set(kernel_flags -O1)
endif()

# Neither -ffast-math, which loses NaN and changes sums, nor -march=native, whose results and programs would belong to
# one machine. A loop that clang cannot vectorize (under the sanitizers) is no mistake.
foreach(bits 32 64)
    tenka_add_objects(tenka_cpu${bits} ${cpu_kernel_sources})
    target_compile_definitions(tenka_cpu${bits} PRIVATE TENKA_REAL_BITS=${bits})
    target_compile_options(tenka_cpu${bits} PRIVATE
        ${kernel_flags} -fno-math-errno -fno-trapping-math
        $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
endforeach()

# The fast kernels, once for each instruction set; src/backend/cpu/fast/fast.h says which and how one is chosen. They
# answer to bounds, not to bits, so the compiler may contract into fused multiply-adds; a source's option comes last
# and so wins over tenka_options. Updates have the bits of the plain ones.
set_source_files_properties(${cpu_fast_sources} PROPERTIES COMPILE_OPTIONS -ffp-contract=fast)
set_source_files_properties(src/backend/cpu/fast/updates.c PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
# What fuzzes the parsers runs no kernels, for whose checks clang takes five minutes a file.
if(TENKA_BUILD_FUZZERS)
    set_property(SOURCE ${cpu_fast_sources} ${cpu_kernel_sources} ${cpu_half_sources}
        APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=all)
endif()
set(fast_isas plain)
set(fast_flags_plain "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    list(APPEND fast_isas avx2 avx512)
    set(fast_flags_avx2 -mavx2 -mfma)
    set(fast_flags_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma)
    target_compile_definitions(tenka_objects PRIVATE TENKA_FAST_X86=1)
endif()
set(fast_objects "")
function(tenka_add_fast isa flags)
    tenka_add_objects(tenka_fast_${isa} ${ARGN})
    target_compile_definitions(tenka_fast_${isa} PRIVATE TENKA_ISA=${isa})
    target_compile_options(tenka_fast_${isa} PRIVATE ${flags}
        ${kernel_flags} -fno-math-errno -fno-trapping-math
        $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>)
    set(fast_objects ${fast_objects} $<TARGET_OBJECTS:tenka_fast_${isa}> PARENT_SCOPE)
endfunction()
foreach(isa IN LISTS fast_isas)
    tenka_add_fast(${isa} "${fast_flags_${isa}}" ${cpu_fast_sources})
endforeach()
if("avx512" IN_LIST fast_isas)
    tenka_add_fast(avx512_half "${fast_flags_avx512}" ${cpu_half_sources})
    target_compile_definitions(tenka_fast_avx512_half PRIVATE TENKA_HALF_VECTORS)
endif()

# Of the resampling of pictures the two passes; src/data/resample.c chooses. All give the same bits.
if("avx2" IN_LIST fast_isas)
    tenka_add_objects(tenka_resample_avx2 src/data/resample_lines.c)
    target_compile_options(tenka_resample_avx2 PRIVATE ${fast_flags_avx2} ${kernel_flags})
    list(APPEND fast_objects $<TARGET_OBJECTS:tenka_resample_avx2>)
endif()
