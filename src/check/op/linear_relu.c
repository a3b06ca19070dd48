#include "check/check.h"

#define LINEAR(m, n, k, text) { .why = text, .in = { F32(DIMS(m, k)), F32(DIMS(n, k)), F32(DIMS(n)) } }

const struct tenka_op_case tenka_cases_linear_relu[] = {
    LINEAR(1, 1, 1, "one element"),
    LINEAR(1, 17, 33, "one row"),
    LINEAR(65, 63, 19, "around a workgroup"),
    LINEAR(100, 37, 41, "primes"),
    { .why = "no bias", .in = { F32(DIMS(9, 13)), F32(DIMS(11, 13)) } },
    { .why = "NaN stays NaN", .in = { F32(DIMS(15, 3), .fill = TENKA_FILL_NAN), F32(DIMS(8, 3)), F32(DIMS(8)) } },
    { 0 },
};
