/* The cases of the elementwise operators, made from their rows: sizes around a workgroup, and the values that hurt. */
#include "check/check.h"

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
#define SAME(n, text) { .why = text, .in = { F32(DIMS(n)), F32(DIMS(n)) } }
#define BINARY(name)                                                                                         \
    const struct tenka_op_case tenka_cases_##name[] = {                                                      \
        SAME(1, "one element"),                                                                              \
        SAME(63, "one less than a workgroup"),                                                               \
        SAME(64, "a workgroup"),                                                                             \
        SAME(65, "one more than a workgroup"),                                                               \
        SAME(257, "one more than a large workgroup"),                                                        \
        SAME(1009, "a prime"),                                                                               \
        { .why = "two scalars", .in = { F32(SCALAR), F32(SCALAR) } },                                        \
        { .why = "a scalar on the left", .in = { F32(SCALAR), F32(DIMS(3, 5)) } },                           \
        { .why = "a scalar on the right", .in = { F32(DIMS(3, 5)), F32(SCALAR) } },                          \
        { .why = "one element against many", .in = { F32(DIMS(1)), F32(DIMS(67)) } },                        \
        { .why = "a row to each row", .in = { F32(DIMS(7, 13)), F32(DIMS(13)) } },                           \
        { .why = "a column to each column", .in = { F32(DIMS(7, 13)), F32(DIMS(7, 1)) } },                   \
        { .why = "an outer product", .in = { F32(DIMS(7, 1)), F32(DIMS(1, 13)) } },                          \
        { .why = "a bias to channels", .in = { F32(DIMS(2, 3, 4, 5)), F32(DIMS(1, 3, 1, 1)) } },             \
        { .why = "ranks differ, left smaller", .in = { F32(DIMS(3, 1, 1)), F32(DIMS(2, 3, 4, 5)) } },        \
        { .why = "both repeat, ranks differ", .in = { F32(DIMS(5, 1, 3)), F32(DIMS(2, 1, 4, 1)) } },         \
        { .why = "axes of size 1 that stay", .in = { F32(DIMS(1, 4, 1)), F32(DIMS(1, 4, 1)) } },             \
        { .why = "six axes, every second one repeated",                                                      \
          .in = { F32(DIMS(2, 1, 3, 1, 2, 1)), F32(DIMS(1, 3, 1, 2, 1, 5)) } },                              \
        { .why = "six axes against one", .in = { F32(DIMS(2, 1, 3, 2, 1, 5)), F32(DIMS(5)) } },              \
        { .why = "NaN and infinities", .in = { F32(DIMS(9, 11), .fill = TENKA_FILL_SPECIAL), F32(DIMS(11)) }, \
          .flags = TENKA_CASE_NO_GRADIENT },                                                                 \
        { 0 },                                                                                               \
    };

#define TENKA_UNARY(name, back, count, numbers, range, wide) UNARY(name, numbers, range, wide)
#define TENKA_ACTIVATION(name, back, count, numbers, range, wide, layer, arguments) UNARY(name, numbers, range, wide)
#define TENKA_BINARY(name, grad) BINARY(name)
#include "shaders/common/elementwise.def"
