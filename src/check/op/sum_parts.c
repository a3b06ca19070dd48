#include "check/check.h"

const struct tenka_op_case tenka_cases_sum_parts[] = {
    { .why = "one part of one element", .in = { F32(DIMS(1, 1)) } },
    { .why = "one part", .in = { F32(DIMS(1, 5, 7)) } },
    { .why = "two parts that end within fours", .in = { F32(DIMS(2, 3, 7)) } },
    { .why = "as many parts as are loaded together, and one more", .in = { F32(DIMS(5, 4, 4)) }, .atol = 1e-6 },
    { .why = "the weights of a convolution", .in = { F32(DIMS(64, 20, 3, 5, 5)) }, .atol = 1e-5 },
    { .why = "a number", .in = { F32(DIMS(33)) }, .atol = 1e-5 },
    { .why = "many parts, more than a workgroup's elements", .in = { F32(DIMS(256, 67, 19)) }, .atol = 3e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN and infinities", .in = { F32(DIMS(3, 11, 13), .fill = TENKA_FILL_SPECIAL) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
