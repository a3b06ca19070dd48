#include "check/check.h"

#define LAYER(m, n, k) F32(DIMS(m, k)), F32(DIMS(n, k)), F32(DIMS(m, n))
#define BIAS PARAMS(linear, .bias = 1)
/* x is the output of a ReLU. */
#define MASKED PARAMS(linear, .bias = 1, .before = TENKA_ACT_relu)
/* Sums of terms that cancel. */
#define SUMS(error) .atol = error

const struct tenka_op_case tenka_cases_linear_backward[] = {
    { .why = "one element", .in = { LAYER(1, 1, 1) }, MASKED },
    { .why = "one row", .in = { LAYER(1, 7, 9) }, MASKED },
    { .why = "a row more than whole tiles", .in = { LAYER(65, 33, 17) }, MASKED, SUMS(1e-5) },
    { .why = "primes", .in = { LAYER(37, 41, 53) }, MASKED, SUMS(1e-5) },
    { .why = "the reference network's last layer", .in = { LAYER(100, 10, 100) }, MASKED,
      SUMS(1e-5) },
    { .why = "no activation", .in = { LAYER(19, 5, 23) }, BIAS, SUMS(1e-5) },
    { .why = "no bias, no activation", .in = { LAYER(8, 6, 70) }, SUMS(1e-5) },
    { .why = "no bias, zeros of both signs", .in = { F32(DIMS(8, 70), .fill = TENKA_FILL_ZEROS), F32(DIMS(6, 70)),
      F32(DIMS(8, 6)) }, PARAMS(linear, .before = TENKA_ACT_relu), SUMS(1e-5) },
    { .why = "tanh", .in = { LAYER(8, 6, 70) }, PARAMS(linear, .bias = 1, .before = TENKA_ACT_tanh), SUMS(1e-5) },
    { .why = "sums of many parts towards x", .in = { LAYER(12, 520, 8) }, MASKED, SUMS(3e-5) },
    { .why = "sums of many parts towards weight", .in = { LAYER(523, 3, 5) }, MASKED, SUMS(3e-5) },
    { .why = "whole tiles, then some", .in = { LAYER(132, 68, 140) }, MASKED, SUMS(3e-5) },
    { .why = "a NaN that the ReLU gave lets pass", .in = { F32(DIMS(9, 12), .fill = TENKA_FILL_SPECIAL), F32(DIMS(4, 12)),
      F32(DIMS(9, 4)) }, MASKED, SUMS(1e-5) },
    { 0 },
};
