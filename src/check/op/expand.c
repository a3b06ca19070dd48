#include "check/check.h"

#define TO PARAMS(strided, .divide = 1), .want = true

const struct tenka_op_case tenka_cases_expand[] = {
    { .why = "a scalar to a scalar", .in = { F32(SCALAR) }, TO, SCALAR },
    { .why = "a scalar to a vector", .in = { F32(SCALAR) }, TO, DIMS(65) },
    { .why = "one element to many", .in = { F32(DIMS(1)) }, TO, DIMS(1009) },
    { .why = "nothing repeated", .in = { F32(DIMS(7, 9)) }, TO, DIMS(7, 9) },
    { .why = "rows", .in = { F32(DIMS(1, 9)) }, TO, DIMS(7, 9) },
    { .why = "columns", .in = { F32(DIMS(7, 1)) }, TO, DIMS(7, 9) },
    { .why = "more axes", .in = { F32(DIMS(3, 1, 1)) }, TO, DIMS(2, 3, 4, 5) },
    { .why = "six axes", .in = { F32(DIMS(2, 1, 3, 1, 2, 1)) }, TO, DIMS(2, 3, 3, 2, 2, 5) },
    { .why = "NaN is repeated", .in = { F32(DIMS(17, 1), .fill = TENKA_FILL_NAN) }, TO, DIMS(17, 5),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
