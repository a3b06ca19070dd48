#include "check/check.h"

#define LINEAR(m, n, k, text) { .why = text, .in = { F32(DIMS(m, k)), F32(DIMS(n, k)), F32(DIMS(n)) } }
/* With an activation after it and one before it, of which numerical gradients know nothing. */
#define ACTIVE(after, from, m, n, k, text)                                                                        \
    { .why = text, .in = { F32(DIMS(m, k)), F32(DIMS(n, k)), F32(DIMS(n)) }, .atol = 1e-5,                        \
      PARAMS(linear, .act = TENKA_ACT_##after, .before = TENKA_ACT_##from), .flags = TENKA_CASE_NO_GRADIENT }
/* Terms that cancel. */
#define SUMS(error) .atol = error

const struct tenka_op_case tenka_cases_linear[] = {
    LINEAR(1, 1, 1, "one element"),
    LINEAR(1, 7, 5, "one row"),
    LINEAR(5, 1, 7, "one feature out"),
    LINEAR(7, 5, 1, "one feature in"),
    LINEAR(4, 4, 4, "a tile"),
    LINEAR(5, 5, 5, "one more than a tile"),
    LINEAR(63, 65, 17, "around a workgroup"),
    LINEAR(65, 63, 33, "around a workgroup, the other way"),
    LINEAR(37, 41, 53, "primes"),
    LINEAR(100, 10, 100, "the reference network's last layer"),
    { .why = "its first one, small; sums of 2560 terms",
      .in = { F32(DIMS(3, 2560)), F32(DIMS(100, 2560)), F32(DIMS(100)) },
      SUMS(3e-5) },
    LINEAR(128, 96, 80, "whole tiles"),
    { .why = "sums of many parts towards x", .in = { F32(DIMS(5, 9)), F32(DIMS(521, 9)), F32(DIMS(521)) }, SUMS(3e-5) },
    { .why = "sums of many parts towards weight and bias", .in = { F32(DIMS(1027, 6)), F32(DIMS(7, 6)), F32(DIMS(7)) },
      SUMS(3e-5) },
    { .why = "more rows than a bias gradient sums at a time",
      .in = { F32(DIMS(131, 3)), F32(DIMS(35, 3)), F32(DIMS(35)) }, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "more features out than a block", .in = { F32(DIMS(2, 5)), F32(DIMS(1057, 5)), F32(DIMS(1057)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "no bias", .in = { F32(DIMS(9, 13)), F32(DIMS(11, 13)) } },
    ACTIVE(relu, relu, 1, 1, 1, "ReLU, one element"),
    ACTIVE(relu, relu, 1, 17, 33, "ReLU, one row"),
    ACTIVE(relu, relu, 65, 63, 19, "ReLU, around a workgroup"),
    ACTIVE(relu, relu, 100, 37, 41, "ReLU, primes"),
    ACTIVE(relu, relu, 132, 68, 140, "ReLU, whole tiles, then some"),
    { .why = "ReLU, NaN stays NaN", .in = { F32(DIMS(15, 3), .fill = TENKA_FILL_SPECIAL), F32(DIMS(8, 3)), F32(DIMS(8)) },
      PARAMS(linear, .act = TENKA_ACT_relu, .before = TENKA_ACT_relu), .flags = TENKA_CASE_NO_GRADIENT },
    ACTIVE(tanh, sigmoid, 9, 11, 13, "tanh, sigmoid"),
    ACTIVE(mish, tanh, 9, 11, 13, "mish, tanh"),
    { .why = "NaN reaches its row and column only",
      .in = { F32(DIMS(5, 1), .fill = TENKA_FILL_NAN), F32(DIMS(8, 1), .fill = TENKA_FILL_NAN), F32(DIMS(8)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
