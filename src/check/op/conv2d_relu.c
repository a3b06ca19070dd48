#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define CONV(stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, n_groups)                                            \
    PARAMS(conv2d, .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, .dh = dil_h, .dw = dil_w,            \
           .groups = n_groups)
#define PLAIN CONV(1, 1, 0, 0, 1, 1, 1)
/* Sums whose terms cancel. */
#define SUMS .atol = 2e-5

const struct tenka_op_case tenka_cases_conv2d_relu[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), X(1, 1, 1, 1), X(1) }, PLAIN },
    { .why = "no bias", .in = { X(2, 3, 6, 7), X(4, 3, 3, 3) }, PLAIN, SUMS },
    { .why = "the reference network's second layer, small", .in = { X(3, 20, 12, 12), X(40, 20, 5, 5), X(40) }, PLAIN,
      SUMS },
    { .why = "padding that keeps the size, stride 2", .in = { X(2, 3, 9, 11), X(5, 3, 3, 3), X(5) },
      CONV(2, 2, 1, 1, 1, 1, 1), SUMS },
    { .why = "everything at once", .in = { X(3, 4, 11, 13), X(6, 2, 3, 2), X(6) }, CONV(2, 3, 2, 1, 2, 3, 2), SUMS },
    { .why = "NaN stays NaN", .in = { F32(DIMS(1, 1, 9, 1), .fill = TENKA_FILL_NAN), X(2, 1, 2, 1), X(2) }, PLAIN },
    { 0 },
};
