#include "check/check.h"

#define SIZE(n, text) { .why = text, .in = { F32(DIMS(n), RANGE(0.25, 9)) } }

const struct tenka_op_case tenka_cases_sqrt[] = {
    SIZE(1, "one element"),
    SIZE(63, "one less than a workgroup"),
    SIZE(64, "a workgroup"),
    SIZE(65, "one more than a workgroup"),
    SIZE(257, "one more than a large workgroup"),
    SIZE(1009, "a prime"),
    { .why = "wide range of magnitudes", .in = { F32(DIMS(99), RANGE(1e-3, 1e12)) }, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN below 0", .in = { F32(DIMS(130), RANGE(-1, 1)) }, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "zeros, and infinite gradients there", .in = { F32(DIMS(64), .fill = TENKA_FILL_ZEROS, RANGE(0.5, 1)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN and infinities", .in = { F32(DIMS(70), .fill = TENKA_FILL_SPECIAL, RANGE(0.5, 1)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
