#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define LAYER(stride, padding, dilation, n_groups, kernel, step)                                                   \
    PARAMS(conv2d_pool, .conv = { .sh = stride, .sw = stride, .ph = padding, .pw = padding, .dh = dilation,        \
           .dw = dilation, .groups = n_groups }, .pool_kh = kernel, .pool_kw = kernel, .pool_sh = step,            \
           .pool_sw = step)
/* Sums whose terms cancel. */
#define SUMS .atol = 2e-5
/* Winners that nearly tie: differences would jump. */
#define TIES .flags = TENKA_CASE_NO_GRADIENT

const struct tenka_op_case tenka_cases_conv2d_relu_pool[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), X(1, 1, 1, 1), X(1) }, LAYER(1, 0, 1, 1, 1, 1) },
    { .why = "the reference network's first layer, small", .in = { X(3, 1, 28, 28), X(20, 1, 5, 5), X(20) },
      LAYER(1, 0, 1, 1, 2, 2), SUMS, TIES },
    { .why = "padding, a rest that no window sees", .in = { X(2, 3, 9, 11), X(4, 3, 3, 3), X(4) },
      LAYER(1, 1, 1, 1, 2, 2), SUMS, TIES },
    { .why = "no bias, windows of 3", .in = { X(2, 2, 12, 11), X(5, 2, 3, 3) }, LAYER(1, 0, 1, 1, 3, 3), SUMS, TIES },
    { .why = "windows with gaps between them", .in = { X(2, 2, 12, 13), X(3, 2, 3, 3), X(3) },
      LAYER(1, 0, 1, 1, 2, 3), SUMS, TIES },
    { .why = "stride 2, groups, dilation", .in = { X(2, 4, 21, 19), X(6, 2, 3, 3), X(6) }, LAYER(2, 1, 2, 2, 2, 2),
      SUMS, TIES },
    { .why = "two bands of rows an image, of which each part of the sums has two or three; sums over 1072 places",
      .in = { X(67, 2, 11, 11), X(5, 2, 3, 3), X(5) }, LAYER(1, 0, 1, 1, 2, 2), SUMS,
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "rows in tiles of four, the last not full; sums over 2178 places",
      .in = { X(18, 10, 13, 13), X(9, 10, 3, 3), X(9) }, LAYER(1, 0, 1, 1, 2, 2), SUMS, TIES },
    { .why = "the same of five columns, padding, windows of 3", .in = { X(18, 4, 11, 11), X(8, 4, 5, 5), X(8) },
      LAYER(1, 2, 1, 1, 3, 3), SUMS, TIES },
    { .why = "stride 2, groups", .in = { X(3, 4, 21, 19), X(6, 2, 3, 3), X(6) }, LAYER(2, 1, 1, 2, 2, 2), SUMS, TIES },
    { .why = "a kernel of eight rows and columns", .in = { X(3, 1, 20, 19), X(3, 1, 8, 8), X(3) },
      LAYER(1, 0, 1, 1, 2, 2), SUMS, TIES },
    { .why = "more windows than winners are added up of", .in = { X(1, 1, 99, 97), X(3, 1, 3, 3), X(3) },
      LAYER(1, 0, 1, 1, 2, 2), SUMS, TIES },
    { .why = "one window for the whole plane", .in = { X(5, 2, 8, 8), X(3, 2, 3, 3), X(3) },
      LAYER(1, 0, 1, 1, 6, 6), SUMS, TIES },
    { .why = "gradients", .in = { F32(DIMS(2, 1, 6, 6), .fill = TENKA_FILL_DISTINCT), X(2, 1, 1, 1), X(2) },
      LAYER(1, 0, 1, 1, 2, 2) },
    { .why = "NaN wins", .in = { F32(DIMS(1, 1, 12, 8), .fill = TENKA_FILL_NAN), X(2, 1, 2, 1), X(2) },
      LAYER(1, 0, 1, 1, 2, 2), TIES },
    { 0 },
};
