#include "check/check.h"

#define LOSS(n, c, kind, text)                                                              \
    { .why = text, .in = { F32(DIMS(n, c), RANGE(-5, 0)), I32(DIMS(n), RANGE(0, (c) - 1)) }, \
      PARAMS(nll, .reduction = TENKA_REDUCTION_##kind) }

#define LANES(n, c, text)                                                                    \
    { .why = text, .in = { F32(DIMS(n, c), RANGE(-5, 0)), I32(DIMS(n), RANGE(0, (c) - 1)) }, \
      PARAMS(nll, .reduction = TENKA_REDUCTION_MEAN), .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

const struct tenka_op_case tenka_cases_nll_loss[] = {
    LOSS(1, 1, MEAN, "one element"),
    LOSS(1, 10, SUM, "one row"),
    LOSS(1, 10, NONE, "one row, not reduced"),
    LOSS(63, 10, MEAN, "one less than a workgroup"),
    LOSS(64, 10, SUM, "a workgroup"),
    LOSS(65, 10, MEAN, "one more than a workgroup"),
    LOSS(65, 10, NONE, "one more than a workgroup, not reduced"),
    LOSS(100, 10, MEAN, "a batch of the reference network"),
    LOSS(257, 3, MEAN, "one more than a large workgroup"),
    LOSS(1009, 7, SUM, "a prime, summed"),
    LOSS(1009, 7, NONE, "a prime, not reduced"),
    LOSS(3, 1000, MEAN, "many classes"),
    LANES(5003, 3, "in 256 lanes"),
    LANES(10007, 3, "in 1024 lanes"),
    { .why = "a target out of range makes the loss NaN",
      .in = { F32(DIMS(66, 4), RANGE(-5, 0)), I32(DIMS(66), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 3)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_MEAN), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "it makes that row's loss alone NaN",
      .in = { F32(DIMS(66, 4), RANGE(-5, 0)), I32(DIMS(66), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 3)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_NONE), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN rows", .in = { F32(DIMS(31, 3), .fill = TENKA_FILL_NAN), I32(DIMS(31), RANGE(0, 2)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_NONE), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
