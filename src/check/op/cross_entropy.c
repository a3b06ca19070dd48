#include "check/check.h"

#define LOSS(n, c, kind, text)                                                               \
    { .why = text, .in = { F32(DIMS(n, c), RANGE(-5, 5)), I32(DIMS(n), RANGE(0, (c) - 1)) }, \
      PARAMS(nll, .reduction = TENKA_REDUCTION_##kind) }

#define LANES(n, c, text)                                                                    \
    { .why = text, .in = { F32(DIMS(n, c), RANGE(-5, 5)), I32(DIMS(n), RANGE(0, (c) - 1)) }, \
      PARAMS(nll, .reduction = TENKA_REDUCTION_MEAN), .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

const struct tenka_op_case tenka_cases_cross_entropy[] = {
    LOSS(1, 1, MEAN, "one element"),
    LOSS(1, 10, SUM, "one row"),
    LOSS(1, 10, NONE, "one row, not reduced"),
    LOSS(63, 10, MEAN, "one less than a workgroup"),
    LOSS(65, 10, SUM, "one more than a workgroup"),
    LOSS(65, 10, NONE, "one more than a workgroup, not reduced"),
    LOSS(100, 10, MEAN, "a batch of the reference network"),
    LOSS(1009, 7, MEAN, "a prime"),
    LOSS(3, 1000, MEAN, "many classes"),
    LANES(5003, 3, "in 256 lanes"),
    LANES(10007, 3, "in 1024 lanes"),
    { .why = "rows that are added in parts, enough for threads",
      .in = { F32(DIMS(3, 2077), RANGE(-5, 5)), I32(DIMS(3), RANGE(0, 2076)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_MEAN), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "a target out of range makes the loss NaN, and its row's gradient 0",
      .in = { F32(DIMS(66, 4), RANGE(-5, 5)), I32(DIMS(66), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 3)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_MEAN), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "rows with NaN and infinities",
      .in = { F32(DIMS(31, 3), .fill = TENKA_FILL_SPECIAL), I32(DIMS(31), RANGE(0, 2)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_NONE), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "-infinity has no probability; a row of nothing else has no loss",
      .in = { F32(DIMS(12, 7), .fill = TENKA_FILL_MASKED), I32(DIMS(12), RANGE(0, 6)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_NONE), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "many losses, not reduced", .in = { F32(DIMS(3001, 10), RANGE(-5, 5)), I32(DIMS(3001), RANGE(0, 9)) },
      PARAMS(nll, .reduction = TENKA_REDUCTION_NONE), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
