#include "check/check.h"

#define ALONG(along, text, ...) \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__), RANGE(-3, 3)) }, PARAMS(axis, .dim = along) }

const struct tenka_op_case tenka_cases_log_softmax[] = {
    ALONG(0, "one element", 1),
    ALONG(0, "a vector", 10),
    ALONG(1, "one less than a workgroup", 3, 63),
    ALONG(1, "a workgroup", 3, 64),
    ALONG(1, "one more than a workgroup", 3, 65),
    ALONG(1, "one more row than a workgroup", 65, 10),
    ALONG(1, "one more than a large workgroup", 2, 257),
    ALONG(1, "a prime", 5, 1009),
    { .why = "rows that are added in parts, enough for threads", .in = { F32(DIMS(3, 2077), RANGE(-3, 3)) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_NO_GRADIENT },
    ALONG(0, "the first of two axes", 7, 5),
    ALONG(1, "an axis of size 1", 7, 1),
    ALONG(1, "the middle of three axes", 3, 6, 5),
    ALONG(1, "channels of an image", 2, 5, 3, 4),
    ALONG(3, "the fourth of six axes", 2, 2, 2, 5, 2, 3),
    { .why = "exp() of these differences leaves float range; the tail underflows, so it is bounded absolutely",
      .in = { F32(DIMS(9, 13), RANGE(-90, 90)) }, PARAMS(axis, .dim = 1), .atol = 1e-6, .rtol = 2e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "large values of one sign: exp() alone would overflow", .in = { F32(DIMS(5, 10), RANGE(1000, 1003)) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "equal values", .in = { F32(DIMS(6, 4), .fill = TENKA_FILL_TIES) }, PARAMS(axis, .dim = 1) },
    { .why = "infinities: the largest one leaves no softmax, the smallest a 0",
      .in = { F32(DIMS(21, 5), .fill = TENKA_FILL_SPECIAL) }, PARAMS(axis, .dim = 1), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN stays in its row", .in = { F32(DIMS(21, 3), .fill = TENKA_FILL_NAN) }, PARAMS(axis, .dim = 1),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
