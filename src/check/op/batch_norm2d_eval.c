#include "check/check.h"

#define NORM(channels, text, ...)                                                                             \
    { .why = text " (the weights' gradient is a sum of cancelling terms)",                                   \
      .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)),                \
              F32(DIMS(channels)), F32(DIMS(channels), RANGE(0.3, 2)) },                                      \
      .scalars = { 1e-5 }, .atol = 1e-5 }

const struct tenka_op_case tenka_cases_batch_norm2d_eval[] = {
    NORM(1, "one element", 1, 1, 1, 1),
    NORM(1, "one less than a workgroup", 1, 1, 7, 9),
    NORM(1, "one more than a workgroup", 1, 1, 5, 13),
    NORM(3, "three channels", 4, 3, 5, 6),
    NORM(67, "more channels than a workgroup", 2, 67, 2, 3),
    NORM(5, "planes of one place", 13, 5, 1, 1),
    NORM(2, "primes", 7, 2, 11, 13),
    { .why = "in 1024 lanes (the weights' gradient is a sum of cancelling terms)",
      .in = { F32(DIMS(4, 2, 47, 53)), F32(DIMS(2)), F32(DIMS(2)), F32(DIMS(2)), F32(DIMS(2), RANGE(0.3, 2)) },
      .scalars = { 1e-5 }, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "NaN stays at its place", .in = { F32(DIMS(2, 3, 3, 5), .fill = TENKA_FILL_NAN), F32(DIMS(3)),
      F32(DIMS(3)),
      F32(DIMS(3)), F32(DIMS(3), RANGE(0.3, 2)) }, .scalars = { 1e-5 }, .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
