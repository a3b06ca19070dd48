#include "check/check.h"

#define LAYER(m, n, k) F32(DIMS(m, k)), F32(DIMS(n, k)), F32(DIMS(m, n))
#define BIAS PARAMS(linear, .bias = 1)
/* Sums of terms that cancel. */
#define SUMS(error) .atol = error

const struct tenka_op_case tenka_cases_linear_backward[] = {
    { .why = "one element", .in = { LAYER(1, 1, 1), F32(DIMS(1, 1)) }, BIAS },
    { .why = "one row", .in = { LAYER(1, 7, 9), F32(DIMS(1, 9)) }, BIAS },
    { .why = "a row more than whole tiles", .in = { LAYER(65, 33, 17), F32(DIMS(65, 17)) }, BIAS, SUMS(1e-5) },
    { .why = "primes", .in = { LAYER(37, 41, 53), F32(DIMS(37, 53)) }, BIAS, SUMS(1e-5) },
    { .why = "the reference network's last layer", .in = { LAYER(100, 10, 100), F32(DIMS(100, 100)) }, BIAS,
      SUMS(1e-5) },
    { .why = "no mask", .in = { LAYER(19, 5, 23) }, BIAS, SUMS(1e-5) },
    { .why = "no bias, no mask", .in = { LAYER(8, 6, 70) }, SUMS(1e-5) },
    { .why = "no bias", .in = { LAYER(8, 6, 70), F32(DIMS(8, 70), .fill = TENKA_FILL_ZEROS) }, SUMS(1e-5) },
    { .why = "sums of many parts towards x", .in = { LAYER(12, 520, 8), F32(DIMS(12, 8)) }, BIAS, SUMS(3e-5) },
    { .why = "sums of many parts towards weight", .in = { LAYER(523, 3, 5), F32(DIMS(523, 5)) }, BIAS, SUMS(3e-5) },
    { .why = "whole tiles, then some", .in = { LAYER(132, 68, 140), F32(DIMS(132, 140)) }, BIAS, SUMS(3e-5) },
    { .why = "a mask that is NaN lets pass", .in = { LAYER(9, 4, 12), F32(DIMS(9, 12), .fill = TENKA_FILL_SPECIAL) },
      BIAS, SUMS(1e-5) },
    { 0 },
};
