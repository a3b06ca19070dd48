#include "check/check.h"

#define SAME(n, text) { .why = text, .in = { F32(DIMS(n)), F32(DIMS(n)) } }

const struct tenka_op_case tenka_cases_sub[] = {
    SAME(1, "one element"),
    SAME(63, "one less than a workgroup"),
    SAME(64, "a workgroup"),
    SAME(65, "one more than a workgroup"),
    SAME(257, "one more than a large workgroup"),
    SAME(1009, "a prime"),
    { .why = "two scalars", .in = { F32(SCALAR), F32(SCALAR) } },
    { .why = "a scalar on the left", .in = { F32(SCALAR), F32(DIMS(3, 5)) } },
    { .why = "a scalar on the right", .in = { F32(DIMS(3, 5)), F32(SCALAR) } },
    { .why = "one element against many", .in = { F32(DIMS(1)), F32(DIMS(67)) } },
    { .why = "a row to each row", .in = { F32(DIMS(7, 13)), F32(DIMS(13)) } },
    { .why = "a column to each column", .in = { F32(DIMS(7, 13)), F32(DIMS(7, 1)) } },
    { .why = "an outer product", .in = { F32(DIMS(7, 1)), F32(DIMS(1, 13)) } },
    { .why = "a bias to channels", .in = { F32(DIMS(2, 3, 4, 5)), F32(DIMS(1, 3, 1, 1)) } },
    { .why = "ranks differ, left smaller", .in = { F32(DIMS(3, 1, 1)), F32(DIMS(2, 3, 4, 5)) } },
    { .why = "both repeat, ranks differ", .in = { F32(DIMS(5, 1, 3)), F32(DIMS(2, 1, 4, 1)) } },
    { .why = "axes of size 1 that stay", .in = { F32(DIMS(1, 4, 1)), F32(DIMS(1, 4, 1)) } },
    { .why = "six axes, every second one repeated",
      .in = { F32(DIMS(2, 1, 3, 1, 2, 1)), F32(DIMS(1, 3, 1, 2, 1, 5)) } },
    { .why = "six axes against one", .in = { F32(DIMS(2, 1, 3, 2, 1, 5)), F32(DIMS(5)) } },
    { .why = "NaN and infinities", .in = { F32(DIMS(9, 11), .fill = TENKA_FILL_SPECIAL), F32(DIMS(11)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
