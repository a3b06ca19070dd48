/* The cases of the elementwise operators, made from their rows: sizes around a workgroup, and the values that hurt. */
#include "check/check.h"

/* Tables, laid out by hand. */
/* clang-format off */

#define UNPACK(...) __VA_ARGS__
#define SPAN(low, high) .lo = low, .hi = high

/* The ranges stay away from 0, where many an operator has a kink and central differences say nothing. */
#define SIZE(n, range, numbers, text) \
    { .why = text, .in = { F32(DIMS(n), .fill = TENKA_FILL_NONZERO, SPAN range) }, .scalars = { UNPACK numbers } }
#define UNARY(name, numbers, range, wide)                                                                    \
    const struct tenka_op_case tenka_cases_##name[] = {                                                      \
        SIZE(1, range, numbers, "one element"),                                                              \
        SIZE(63, range, numbers, "one less than a workgroup"),                                               \
        SIZE(64, range, numbers, "a workgroup"),                                                             \
        SIZE(65, range, numbers, "one more than a workgroup"),                                               \
        SIZE(255, range, numbers, "one less than a large workgroup"),                                        \
        SIZE(256, range, numbers, "a large workgroup"),                                                      \
        SIZE(257, range, numbers, "one more than a large workgroup"),                                        \
        SIZE(1009, range, numbers, "a prime"),                                                               \
        { .why = "a scalar", .in = { F32(SCALAR, .fill = TENKA_FILL_NONZERO, SPAN range) },                  \
          .scalars = { UNPACK numbers } },                                                                   \
        { .why = "six axes", .in = { F32(DIMS(2, 3, 1, 2, 3, 2), .fill = TENKA_FILL_NONZERO, SPAN range) },  \
          .scalars = { UNPACK numbers } },                                                                   \
        { .why = "enough for threads", .in = { F32(DIMS(50021), SPAN range) }, .scalars = { UNPACK numbers }, \
          .flags = TENKA_CASE_NO_GRADIENT },                                                                 \
        { .why = "near 0: no digit may be lost, so the bound is relative alone",                             \
          .in = { F32(DIMS(255), RANGE(-1e-3, 1e-3)) }, .scalars = { UNPACK numbers }, .atol = 1e-12,        \
          .flags = TENKA_CASE_NO_GRADIENT },                                                                 \
        { .why = "where it overflows, saturates or is not defined; what cancels there is bounded absolutely", \
          .in = { F32(DIMS(255), SPAN wide) }, .scalars = { UNPACK numbers }, .atol = 2e-6,                  \
          .flags = TENKA_CASE_NO_GRADIENT },                                                                 \
        { .why = "zeros of both signs", .in = { F32(DIMS(128), .fill = TENKA_FILL_ZEROS, SPAN range) },      \
          .scalars = { UNPACK numbers }, .flags = TENKA_CASE_NO_GRADIENT },                                  \
        { .why = "NaN and infinities", .in = { F32(DIMS(300), .fill = TENKA_FILL_SPECIAL, SPAN range) },     \
          .scalars = { UNPACK numbers }, .flags = TENKA_CASE_NO_GRADIENT },                                  \
        { .why = "more elements than 65535 workgroups have invocations", .in = { F32(DIMS(4194305), SPAN range) }, \
          .scalars = { UNPACK numbers }, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },               \
        { 0 },                                                                                               \
    };
/* Two inputs of the operator's ranges. */
#define AB(dims_a, dims_b, a, b) .in = { F32(dims_a, SPAN a), F32(dims_b, SPAN b) }
#define SAME(n, a, b, text) { .why = text, AB(DIMS(n), DIMS(n), a, b) }
#define BINARY(name, a, b)                                                                                   \
    const struct tenka_op_case tenka_cases_##name[] = {                                                      \
        SAME(1, a, b, "one element"),                                                                        \
        SAME(63, a, b, "one less than a workgroup"),                                                         \
        SAME(64, a, b, "a workgroup"),                                                                       \
        SAME(65, a, b, "one more than a workgroup"),                                                         \
        SAME(257, a, b, "one more than a large workgroup"),                                                  \
        SAME(1009, a, b, "a prime"),                                                                         \
        { .why = "two scalars", AB(SCALAR, SCALAR, a, b) },                                                  \
        { .why = "a scalar on the left", AB(SCALAR, DIMS(3, 5), a, b) },                                     \
        { .why = "a scalar on the right", AB(DIMS(3, 5), SCALAR, a, b) },                                    \
        { .why = "one element against many", AB(DIMS(1), DIMS(67), a, b) },                                  \
        { .why = "a row to each row", AB(DIMS(7, 13), DIMS(13), a, b) },                                     \
        { .why = "a column to each column", AB(DIMS(7, 13), DIMS(7, 1), a, b) },                             \
        { .why = "an outer product", AB(DIMS(7, 1), DIMS(1, 13), a, b) },                                    \
        { .why = "a bias to channels", AB(DIMS(2, 3, 4, 5), DIMS(1, 3, 1, 1), a, b) },                       \
        { .why = "ranks differ, left smaller", AB(DIMS(3, 1, 1), DIMS(2, 3, 4, 5), a, b) },                  \
        { .why = "both repeat, ranks differ", AB(DIMS(5, 1, 3), DIMS(2, 1, 4, 1), a, b) },                   \
        { .why = "axes of size 1 that stay", AB(DIMS(1, 4, 1), DIMS(1, 4, 1), a, b) },                       \
        { .why = "six axes, every second one repeated",                                                      \
          AB(DIMS(2, 1, 3, 1, 2, 1), DIMS(1, 3, 1, 2, 1, 5), a, b) },                                        \
        { .why = "six axes against one", AB(DIMS(2, 1, 3, 2, 1, 5), DIMS(5), a, b) },                        \
        { .why = "NaN and infinities", .flags = TENKA_CASE_NO_GRADIENT,                                      \
          .in = { F32(DIMS(9, 11), .fill = TENKA_FILL_SPECIAL, SPAN a), F32(DIMS(11), SPAN b) } },           \
        { .why = "NaN and infinities on both sides", .flags = TENKA_CASE_NO_GRADIENT,                        \
          .in = { F32(DIMS(23, 1), .fill = TENKA_FILL_SPECIAL, SPAN a),                                      \
                  F32(DIMS(23), .fill = TENKA_FILL_SPECIAL, SPAN b) } },                                     \
        { .why = "both of both signs, often equal, and whole", .flags = TENKA_CASE_NO_GRADIENT,              \
          .in = { F32(DIMS(33, 1), .fill = TENKA_FILL_TIES, RANGE(-4, 4)),                                   \
                  F32(DIMS(35), .fill = TENKA_FILL_TIES, RANGE(-4, 4)) } },                                  \
        { .why = "enough for threads", .flags = TENKA_CASE_NO_GRADIENT, AB(DIMS(50021), DIMS(50021), a, b) }, \
        { 0 },                                                                                               \
    };

#define TENKA_UNARY(name, back, count, numbers, range, wide) UNARY(name, numbers, range, wide)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) UNARY(name, numbers, range, wide)
#define TENKA_BINARY(name, grad, a, b) BINARY(name, a, b)
#include "shaders/common/elementwise.def"
