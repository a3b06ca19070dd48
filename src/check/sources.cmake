set(check_sources # with the operators' cases
    src/check/check.c
    src/check/check_gradient.c
    src/check/check_kernel.c
    src/check/compare.c
    src/check/elementwise.c
    src/check/fill.c
    src/check/run.c
    src/check/updates.c
    src/check/verify.c
    src/check/verify_step.c)
