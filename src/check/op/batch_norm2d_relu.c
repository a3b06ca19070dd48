#include "check/check.h"

/* Bounds as in batch_norm2d.c. Differences would jump where the normalised value is about 0. */
#define NORM(channels, text, ...)                                                                               \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(channels), RANGE(0.5, 2)), F32(DIMS(channels)) },    \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT }

#define LANES(text, ...)                                                                                        \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)), F32(DIMS(2), RANGE(0.5, 2)), F32(DIMS(2), RANGE(0.2, 1)) },   \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

/* As in batch_norm2d.c; with biases above 0, so that the mask is all of the channel. */
#define FLAT(text, ...)                                                                                         \
    { .why = "equal values, whose distance from the mean is 0, " text,                                           \
      .in = { F32(DIMS(__VA_ARGS__), RANGE(1000.1, 1000.1)), F32(DIMS(2), RANGE(0.5, 2)),                        \
              F32(DIMS(2), RANGE(0.2, 1)) },                                                                     \
      .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }

const struct tenka_op_case tenka_cases_batch_norm2d_relu[] = {
    NORM(1, "two elements, cancelling sums", 2, 1, 1, 1),
    NORM(1, "one more than a workgroup, cancelling sums", 1, 1, 5, 13),
    NORM(3, "three channels, cancelling sums", 4, 3, 5, 6),
    NORM(67, "more channels than a workgroup, cancelling sums", 2, 67, 2, 3),
    NORM(2, "primes, cancelling sums", 7, 2, 11, 13),
    LANES("in 256 lanes, cancelling sums", 3, 2, 19, 29),
    LANES("in 1024 lanes, cancelling sums", 4, 2, 47, 53),
    FLAT("in 256 lanes", 3, 2, 19, 29),
    FLAT("in 1024 lanes", 4, 2, 47, 53),
    { .why = "gradients, far from the ReLU's edge", .in = { F32(DIMS(3, 2, 3, 3)), F32(DIMS(2), RANGE(0.2, 0.4)),
      F32(DIMS(2), RANGE(3, 4)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5 },
    { .why = "NaN stays in its channel, cancelling sums", .in = { F32(DIMS(1, 9, 1, 5), .fill = TENKA_FILL_NAN),
      F32(DIMS(9)), F32(DIMS(9)) }, .scalars = { 1e-5 }, .rtol = 2e-5, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
