#include "check/check.h"

#define SIZE(n, a, b, text) { .why = text, .in = { F32(DIMS(n)), F32(DIMS(n)) }, .scalars = { a, b } }

const struct tenka_op_case tenka_cases_axpby[] = {
    SIZE(1, 0.9, 0.1, "one element"),
    SIZE(3, 0.9, 0.1, "one less than a quad"),
    SIZE(255, -0.1, 2, "one less than a workgroup of quads"),
    SIZE(256, 1, 1, "a workgroup of quads"),
    SIZE(257, 1e6, 1e-6, "one more than a workgroup of quads"),
    SIZE(1009, 0, 0.7, "a prime"),
    { .why = "a scalar", .in = { F32(SCALAR), F32(SCALAR) }, .scalars = { -2, 3 } },
    { .why = "NaN and infinities", .in = { F32(DIMS(77), .fill = TENKA_FILL_SPECIAL), F32(DIMS(77)) },
      .scalars = { 0.5, 0.5 } },
    { 0 },
};
