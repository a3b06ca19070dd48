#include "check/check.h"

#define SIZE(n, factor, text) { .why = text, .in = { F32(DIMS(n)) }, .scalars = { factor } }

const struct tenka_op_case tenka_cases_scale[] = {
    SIZE(1, 3, "one element"),
    SIZE(63, -0.1, "one less than a workgroup"),
    SIZE(64, 1e-3, "a workgroup"),
    SIZE(65, 0, "factor 0, one more than a workgroup"),
    SIZE(257, 1e6, "one more than a large workgroup"),
    SIZE(1009, 0.7, "a prime"),
    { .why = "a scalar", .in = { F32(SCALAR) }, .scalars = { -2 } },
    { .why = "six axes", .in = { F32(DIMS(2, 3, 1, 2, 3, 2)) }, .scalars = { 0.3 } },
    { .why = "NaN and infinities", .in = { F32(DIMS(77), .fill = TENKA_FILL_SPECIAL) }, .scalars = { 0.5 },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
