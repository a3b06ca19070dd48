#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define INDEX(last, ...) I32(DIMS(__VA_ARGS__), RANGE(0, last))
#define SIZE(height, width) PARAMS(unpool2d, .h = height, .w = width)

const struct tenka_op_case tenka_cases_max_unpool2d[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), INDEX(0, 1, 1, 1, 1) }, SIZE(1, 1) },
    { .why = "each place once", .in = { X(1, 6, 7), I32(DIMS(1, 6, 7), .fill = TENKA_FILL_PERMUTATION) }, SIZE(6, 7) },
    { .why = "some places several times, of which the last counts; no gradient: PyTorch gives it to all of them",
      .in = { X(3, 5, 4, 6), INDEX(95, 3, 5, 4, 6) }, SIZE(8, 12), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "an odd size", .in = { X(2, 3, 4), INDEX(76, 2, 3, 4) }, SIZE(7, 11), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "more elements than a workgroup", .in = { X(3, 12, 23), INDEX(1149, 3, 12, 23) }, SIZE(25, 46),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "indices outside are nobody's",
      .in = { X(2, 5, 5), I32(DIMS(2, 5, 5), RANGE(0, 99), .fill = TENKA_FILL_OUTSIDE) }, SIZE(10, 10),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
