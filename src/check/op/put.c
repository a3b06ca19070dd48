#include "check/check.h"

#define PART(axis_, from_) PARAMS(part, .axis = axis_, .from = from_)
#define X(...) F32(DIMS(__VA_ARGS__))

/* Its gradients are other operators; tests/test_graph.c has them, of tenka_concat. */
const struct tenka_op_case tenka_cases_put[] = {
    { .why = "one element of one", .in = { X(1), X(1) }, PART(0, 0), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "the middle of a row", .in = { X(257), X(65) }, PART(0, 63), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "rows", .in = { X(9, 7), X(4, 7) }, PART(0, 5), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "the first column", .in = { X(9, 7), X(9, 1) }, PART(1, 0), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "channels of images", .in = { X(3, 8, 5, 5), X(3, 5, 5, 5) }, PART(1, 2), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "enough for threads", .in = { X(64, 1009), X(64, 999) }, PART(1, 1), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
