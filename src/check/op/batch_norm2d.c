#include "check/check.h"

#define NORM(channels, text, ...)                                                                               \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)) },    \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5 }

#define LANES(text, ...)                                                                                        \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) },                  \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

/* x - m is 0: an m that is off by its last digit would be 300 times as much in y. */
#define FLAT(text, ...)                                                                                         \
    { .why = "equal values, whose distance from the mean is 0, " text,                                           \
      .in = { F32(DIMS(__VA_ARGS__), RANGE(1000.1, 1000.1)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) },        \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

/* With an activation. Differences would jump where the normalised value is about 0. */
#define RELU PARAMS(channels, .act = TENKA_ACT_relu)
#define ACTIVE(channels, text, ...)                                                                             \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)) },    \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS, RELU }

/* Bounds are looser than the default throughout: mean and variance are sums over a channel, from which x is
 * subtracted again. */
const struct tenka_op_case tenka_cases_batch_norm2d[] = {
    NORM(1, "two elements, cancelling sums", 2, 1, 1, 1),
    NORM(1, "one less than a workgroup, cancelling sums", 1, 1, 7, 9),
    NORM(1, "a workgroup, cancelling sums", 1, 1, 8, 8),
    NORM(1, "one more than a workgroup, cancelling sums", 1, 1, 5, 13),
    NORM(1, "one more than a large workgroup, cancelling sums", 1, 1, 1, 257),
    NORM(3, "three channels, cancelling sums", 4, 3, 5, 6),
    NORM(67, "more channels than a workgroup, cancelling sums", 2, 67, 2, 3),
    NORM(5, "planes of one place, cancelling sums", 13, 5, 1, 1),
    NORM(2, "primes, cancelling sums", 7, 2, 11, 13),
    NORM(2, "planes of vectors and a rest, cancelling sums", 2, 2, 3, 11),
    { .why = "planes that are added in parts, cancelling sums",
      .in = { F32(DIMS(2, 2, 67, 65)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) }, .scalars = { 1e-5 }, .rtol = 2e-5,
      .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT },
    LANES("in 256 lanes, cancelling sums", 3, 2, 19, 29),
    LANES("in 1024 lanes, cancelling sums", 4, 2, 47, 53),
    LANES("in 1024 lanes, planes smaller than a workgroup, cancelling sums", 5003, 2, 1, 3),
    FLAT("in 64 lanes", 5, 2, 13, 15),
    FLAT("in 256 lanes", 3, 2, 19, 29),
    FLAT("in 1024 lanes", 4, 2, 47, 53),
    FLAT("in many images", 100, 2, 14, 14),
    { .why = "a mean far from 0: the variance loses digits with its square",
      .in = { F32(DIMS(4, 2, 5, 5), RANGE(9, 11)),
      F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) }, .scalars = { 1e-5 }, .rtol = 1e-4, .atol = 1e-4 },
    ACTIVE(1, "ReLU, one more than a workgroup, cancelling sums", 1, 1, 5, 13),
    ACTIVE(3, "ReLU, three channels, cancelling sums", 4, 3, 5, 6),
    ACTIVE(67, "ReLU, more channels than a workgroup, cancelling sums", 2, 67, 2, 3),
    ACTIVE(2, "ReLU, primes, cancelling sums", 7, 2, 11, 13),
    ACTIVE(2, "ReLU, in 256 lanes, cancelling sums", 3, 2, 19, 29),
    ACTIVE(2, "ReLU, in 1024 lanes, cancelling sums", 4, 2, 47, 53),
    { .why = "ReLU, gradients, far from its edge", .in = { F32(DIMS(3, 2, 3, 3)), F32(DIMS(2), RANGE(0.2, 0.4)),
      F32(DIMS(2), RANGE(3, 4)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, RELU },
    { .why = "ReLU, equal values, whose distance from the mean is 0",
      .in = { F32(DIMS(4, 2, 47, 53), RANGE(1000.1, 1000.1)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2), RANGE(0.2, 1)) },
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS, RELU },
    { .why = "ReLU, NaN stays in its channel, cancelling sums", .in = { F32(DIMS(1, 9, 1, 5), .fill = TENKA_FILL_NAN),
      F32(DIMS(9)), F32(DIMS(9)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT,
      RELU },
    { .why = "tanh, gradients, cancelling sums", .in = { F32(DIMS(3, 2, 3, 3)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) },
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, PARAMS(channels, .act = TENKA_ACT_tanh) },
    { .why = "silu, cancelling sums", .in = { F32(DIMS(3, 2, 3, 3)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2)) },
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT,
      PARAMS(channels, .act = TENKA_ACT_silu) },
    { .why = "NaN stays in its channel, cancelling sums", .in = { F32(DIMS(1, 9, 1, 5), .fill = TENKA_FILL_NAN),
      F32(DIMS(9)), F32(DIMS(9)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "infinities stay in their channels, cancelling sums", .in = { F32(DIMS(4, 22, 1, 1),
      .fill = TENKA_FILL_SPECIAL), F32(DIMS(22)), F32(DIMS(22)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "planes of four places, channels that leave a rest, more images than are added at a time, cancelling sums",
      .in = { F32(DIMS(67, 37, 2, 2)), F32(DIMS(37), RANGE(0.5, 2)), F32(DIMS(37)) }, .scalars = { 1e-5 }, .rtol = 2e-5,
      .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "planes of 64 places far from 0, cancelling sums", .in = { F32(DIMS(5, 19, 8, 8), RANGE(9, 11)),
      F32(DIMS(19), RANGE(0.5, 2)), F32(DIMS(19)) }, .scalars = { 1e-5 }, .rtol = 1e-4, .atol = 1e-4,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "planes of 65 places, many channels, cancelling sums", .in = { F32(DIMS(3, 21, 5, 13)),
      F32(DIMS(21), RANGE(0.5, 2)), F32(DIMS(21)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
