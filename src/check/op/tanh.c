#include "check/check.h"

#define SIZE(n, text) { .why = text, .in = { F32(DIMS(n), RANGE(-3, 3)) } }

const struct tenka_op_case tenka_cases_tanh[] = {
    SIZE(1, "one element"),
    SIZE(63, "one less than a workgroup"),
    SIZE(64, "a workgroup"),
    SIZE(65, "one more than a workgroup"),
    SIZE(257, "one more than a large workgroup"),
    SIZE(1009, "a prime"),
    { .why = "enough for threads", .in = { F32(DIMS(5003), RANGE(-3, 3)) }, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "near 0 y is x: no digit may be lost, so the bound is relative alone",
      .in = { F32(DIMS(255), RANGE(-1e-3, 1e-3)) }, .atol = 1e-12 },
    { .why = "where the series ends", .in = { F32(DIMS(255), RANGE(0.15, 0.25)) } },
    { .why = "saturated: exp() of these leaves float range; the gradient 1 - y^2 cancels, so it is bounded absolutely",
      .in = { F32(DIMS(127), RANGE(-200, 200)) }, .atol = 2e-6, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "zeros of both signs", .in = { F32(DIMS(64), .fill = TENKA_FILL_ZEROS) } },
    { .why = "NaN and infinities", .in = { F32(DIMS(70), .fill = TENKA_FILL_SPECIAL) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
