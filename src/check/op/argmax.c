#include "check/check.h"

#define ALONG(along, text, ...) { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(axis, .dim = along) }

const struct tenka_op_case tenka_cases_argmax[] = {
    ALONG(0, "one element", 1),
    ALONG(0, "a vector", 257),
    ALONG(1, "rows, one less than a workgroup", 63, 10),
    ALONG(1, "rows, one more than a workgroup", 65, 10),
    ALONG(0, "columns", 10, 67),
    ALONG(1, "an axis of size 1", 7, 1),
    ALONG(1, "the middle of three axes", 3, 6, 5),
    ALONG(5, "the last of six axes", 2, 1, 3, 2, 2, 7),
    ALONG(1, "a prime", 3, 1009),
    { .why = "ties: the first wins", .in = { F32(DIMS(66, 12), .fill = TENKA_FILL_TIES) }, PARAMS(axis, .dim = 1) },
    { .why = "the first NaN wins", .in = { F32(DIMS(66, 12), .fill = TENKA_FILL_NAN) }, PARAMS(axis, .dim = 1) },
    { .why = "NaN in some rows only, infinities", .in = { F32(DIMS(50, 5), .fill = TENKA_FILL_SPECIAL) },
      PARAMS(axis, .dim = 1) },
    { 0 },
};
