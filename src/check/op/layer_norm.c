#include "check/check.h"

#define BOUNDS .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5
#define ROWS(n) PARAMS(layer_norm, .axes = n)
#define GROUPS(n) PARAMS(layer_norm, .groups = n)
#define QUIET .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS

/* The last axis, with weight and bias. */
#define LAST(len, text, ...)                                                                            \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(len), RANGE(0.5, 2)), F32(DIMS(len)) },      \
      BOUNDS, ROWS(1) }
#define LONG(len, text, ...)                                                                            \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(len), RANGE(0.5, 2)), F32(DIMS(len)) },      \
      BOUNDS, ROWS(1), QUIET }
/* Groups of channels. */
#define GROUP(n, channels, text, ...)                                                                             \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)) },      \
      BOUNDS, GROUPS(n) }
#define LARGE_GROUP(n, channels, text, ...)                                                                       \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)) },      \
      BOUNDS, GROUPS(n), QUIET }
/* x - m is 0: an m that is off by its last digit would be 300 times as much in y. */
#define FLAT(len, text, ...)                                                                            \
    { .why = "equal values, whose distance from the mean is 0, " text,                                   \
      .in = { F32(DIMS(__VA_ARGS__), RANGE(1000.1, 1000.1)), F32(DIMS(len), RANGE(0.5, 2)), F32(DIMS(len)) }, \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-4, ROWS(1), QUIET }

/* Bounds are looser than the default throughout: mean and variance are sums over a row, from which x is subtracted
 * again. */
const struct tenka_op_case tenka_cases_layer_norm[] = {
    LAST(2, "two elements, cancelling sums", 1, 2),
    { .why = "rows of one element: nothing but the bias remains; of dx what a product lost, 300 times",
      .in = { F32(DIMS(3, 1)), F32(DIMS(1), RANGE(0.5, 2)), F32(DIMS(1)) }, .scalars = { 1e-5 }, .rtol = 2e-5,
      .atol = 1e-4, ROWS(1) },
    LAST(10, "one more row than a workgroup, cancelling sums", 65, 10),
    LAST(3, "one more row than a large workgroup, cancelling sums", 257, 3),
    LAST(13, "three axes, cancelling sums", 2, 7, 13),
    LAST(67, "more channels than a workgroup has, cancelling sums", 5, 67),
    LAST(17, "one more channel than stand side by side, rows of parts, cancelling sums", 131, 17),
    LONG(127, "one less than a workgroup shares, cancelling sums", 5, 127),
    LONG(128, "a workgroup shares, cancelling sums", 5, 128),
    LONG(129, "one more than a workgroup shares, cancelling sums", 70, 129),
    LONG(96, "many rows, enough for threads and parts, cancelling sums", 1100, 96),
    LONG(1031, "a prime, more than a thread takes at a time, cancelling sums", 67, 1031),
    LONG(8209, "a prime, in 256 lanes, cancelling sums", 3, 8209),
    LONG(65537, "a prime, in 1024 lanes, cancelling sums", 2, 65537),
    { .why = "two axes, cancelling sums", .in = { F32(DIMS(5, 3, 4)), F32(DIMS(3, 4), RANGE(0.5, 2)), F32(DIMS(3, 4)) },
      BOUNDS, ROWS(2) },
    { .why = "all axes, one row, cancelling sums",
      .in = { F32(DIMS(3, 4, 11)), F32(DIMS(3, 4, 11), RANGE(0.5, 2)), F32(DIMS(3, 4, 11)) }, BOUNDS, ROWS(3) },
    { .why = "no weight, cancelling sums", .in = { F32(DIMS(7, 37)) }, BOUNDS, ROWS(1) },
    { .why = "no weight, long rows, cancelling sums", .in = { F32(DIMS(7, 397)) }, BOUNDS, ROWS(1), QUIET },
    { .why = "no bias, cancelling sums", .in = { F32(DIMS(7, 37)), F32(DIMS(37), RANGE(0.5, 2)) }, BOUNDS, ROWS(1) },
    FLAT(10, "short rows", 70, 10),
    FLAT(768, "rows that are shared", 5, 768),
    FLAT(9001, "in 256 lanes", 2, 9001),
    { .why = "a mean far from 0: the variance loses digits with its square",
      .in = { F32(DIMS(9, 50), RANGE(9, 11)), F32(DIMS(50), RANGE(0.5, 2)), F32(DIMS(50)) },
      .scalars = { 1e-5 }, .rtol = 1e-4, .atol = 1e-4, ROWS(1) },
    { .why = "the same in long rows", .in = { F32(DIMS(9, 500), RANGE(9, 11)), F32(DIMS(500), RANGE(0.5, 2)),
      F32(DIMS(500)) }, .scalars = { 1e-5 }, .rtol = 1e-4, .atol = 1e-4, ROWS(1), QUIET },
    { .why = "NaN stays in its row, cancelling sums", .in = { F32(DIMS(21, 3), .fill = TENKA_FILL_NAN), F32(DIMS(3)),
      F32(DIMS(3)) }, BOUNDS, ROWS(1), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "infinities and NaN in short rows, cancelling sums",
      .in = { F32(DIMS(40, 5), .fill = TENKA_FILL_SPECIAL), F32(DIMS(5)), F32(DIMS(5)) }, BOUNDS, ROWS(1),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "infinities and NaN in long rows, cancelling sums",
      .in = { F32(DIMS(3, 211), .fill = TENKA_FILL_SPECIAL), F32(DIMS(211)), F32(DIMS(211)) }, BOUNDS, ROWS(1),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "the last of a long row is NaN, cancelling sums",
      .in = { F32(DIMS(3, 211), .fill = TENKA_FILL_NAN_LAST), F32(DIMS(211)), F32(DIMS(211)) }, BOUNDS, ROWS(1),
      .flags = TENKA_CASE_NO_GRADIENT },
    GROUP(2, 6, "two groups of three channels, cancelling sums", 4, 6, 3, 5),
    GROUP(1, 4, "one group, cancelling sums", 3, 4, 2, 3),
    GROUP(5, 5, "a group a channel, as InstanceNorm, cancelling sums", 3, 5, 4, 4),
    GROUP(3, 9, "channels of one element, cancelling sums", 7, 9),
    GROUP(2, 4, "signals, cancelling sums", 3, 4, 7),
    LARGE_GROUP(8, 32, "rows that are shared, cancelling sums", 3, 32, 7, 7),
    LARGE_GROUP(3, 3, "planes that are added in 256 lanes, cancelling sums", 5, 3, 19, 29),
    LARGE_GROUP(1, 2, "planes that are added in parts, cancelling sums", 2, 2, 97, 65),
    LARGE_GROUP(34, 68, "more channels than a workgroup, cancelling sums", 3, 68, 1, 1),
    { .why = "groups without a weight, cancelling sums", .in = { F32(DIMS(3, 4, 5, 5)) }, BOUNDS, GROUPS(2) },
    { .why = "groups without a bias, cancelling sums",
      .in = { F32(DIMS(3, 4, 5, 5)), F32(DIMS(4), RANGE(0.5, 2)) }, BOUNDS, GROUPS(2) },
    /* 70,000 terms around 0: what is summed on the way is in the hundreds, of which floats are 3e-5 apart. */
    { .why = "more rows than a grid is wide, cancelling sums", .in = { F32(DIMS(70000, 130)), F32(DIMS(130),
      RANGE(0.5, 2)), F32(DIMS(130)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 5e-4, ROWS(1),
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    { 0 },
};
