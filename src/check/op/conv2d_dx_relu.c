#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define CONV(stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, n_groups)                                            \
    PARAMS(conv2d, .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, .dh = dil_h, .dw = dil_w,            \
           .groups = n_groups)
#define PLAIN CONV(1, 1, 0, 0, 1, 1, 1)
/* Sums whose terms cancel. */
#define SUMS .atol = 2e-5

const struct tenka_op_case tenka_cases_conv2d_dx_relu[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), X(1, 1, 1, 1), X(1, 1, 1, 1) }, PLAIN },
    { .why = "the reference network's second layer, small",
      .in = { X(40, 20, 5, 5), X(3, 40, 8, 8), X(3, 20, 12, 12) }, PLAIN, SUMS },
    { .why = "padding that keeps the size", .in = { X(4, 3, 3, 3), X(2, 4, 7, 6), X(2, 3, 7, 6) },
      CONV(1, 1, 1, 1, 1, 1, 1), SUMS },
    { .why = "padding that keeps the size, many places, in tiles of four",
      .in = { X(9, 8, 3, 3), X(7, 9, 7, 11), X(7, 8, 7, 11) }, CONV(1, 1, 1, 1, 1, 1, 1), SUMS },
    { .why = "the same of five columns", .in = { X(8, 8, 5, 5), X(11, 8, 6, 8), X(11, 8, 8, 10) },
      CONV(1, 1, 1, 1, 1, 1, 1), SUMS },
    { .why = "small images side by side, the last few alone", .in = { X(7, 3, 3, 3), X(13, 7, 9, 9), X(13, 3, 9, 9) },
      CONV(1, 1, 1, 1, 1, 1, 1), SUMS },
    { .why = "more outputs than are summed at a time, groups, dilation",
      .in = { X(138, 2, 3, 3), X(1, 138, 21, 24), X(1, 4, 23, 26) }, CONV(1, 1, 1, 1, 2, 2, 2), .atol = 1e-4 },
    { .why = "stride 2: a rest that no window sees", .in = { X(5, 3, 2, 2), X(2, 5, 4, 5), X(2, 3, 9, 11) },
      CONV(2, 2, 0, 0, 1, 1, 1), SUMS },
    { .why = "everything at once", .in = { X(6, 2, 3, 2), X(3, 6, 6, 4), X(3, 4, 11, 13) },
      CONV(2, 3, 2, 1, 2, 3, 2), SUMS },
    { .why = "NaN in one column of the gradient, many places",
      .in = { X(9, 8, 3, 3), F32(DIMS(7, 9, 7, 14), .fill = TENKA_FILL_NAN), X(7, 8, 7, 14) },
      CONV(1, 1, 1, 1, 1, 1, 1), SUMS },
    { .why = "the same, the result much larger",
      .in = { X(12, 8, 3, 3), F32(DIMS(11, 12, 5, 14), .fill = TENKA_FILL_NAN), X(11, 8, 7, 16) }, PLAIN, SUMS },
    { .why = "zeros and NaN in the mask",
      .in = { X(4, 3, 3, 3), X(2, 4, 7, 6), F32(DIMS(2, 3, 9, 8), .fill = TENKA_FILL_SPECIAL) }, PLAIN, SUMS },
    { 0 },
};
