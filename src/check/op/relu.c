#include "check/check.h"

#define SIZE(n, text) { .why = text, .in = { F32(DIMS(n), .fill = TENKA_FILL_NONZERO) } }

const struct tenka_op_case tenka_cases_relu[] = {
    SIZE(1, "one element"),
    SIZE(63, "one less than a workgroup"),
    SIZE(64, "a workgroup"),
    SIZE(65, "one more than a workgroup"),
    SIZE(255, "one less than a large workgroup"),
    SIZE(256, "a large workgroup"),
    SIZE(257, "one more than a large workgroup"),
    SIZE(1009, "a prime"),
    { .why = "a scalar", .in = { F32(SCALAR, RANGE(0.5, 1)) } },
    { .why = "four axes", .in = { F32(DIMS(2, 3, 5, 7), .fill = TENKA_FILL_NONZERO) } },
    { .why = "NaN stays NaN, infinities", .in = { F32(DIMS(300), .fill = TENKA_FILL_SPECIAL) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "zeros of both signs: the gradient at 0 is 0", .in = { F32(DIMS(128), .fill = TENKA_FILL_ZEROS) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "more elements than 65535 workgroups have invocations", .in = { F32(DIMS(4194305)) },
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    { 0 },
};
