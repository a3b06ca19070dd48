#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define CONV(stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, n_groups, more_h, more_w)                             \
    PARAMS(conv_transpose2d, .conv = { .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, .dh = dil_h,      \
           .dw = dil_w, .groups = n_groups }, .extra_h = more_h, .extra_w = more_w)
#define PLAIN CONV(1, 1, 0, 0, 1, 1, 1, 0, 0)
/* Weights' gradients are sums over batch and plane whose terms cancel. */
#define SUMS .atol = 2e-5

const struct tenka_op_case tenka_cases_conv_transpose2d[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), X(1, 1, 1, 1) }, PLAIN },
    { .why = "1x1 kernel", .in = { X(2, 3, 4, 5), X(3, 4, 1, 1) }, PLAIN },
    { .why = "one place becomes a kernel", .in = { X(3, 2, 1, 1), X(2, 5, 4, 3) }, PLAIN },
    { .why = "3x3, sums of cancelling terms", .in = { X(2, 3, 6, 7), X(3, 4, 3, 3) }, PLAIN, SUMS },
    { .why = "2x2 with a stride of 2, as U-Nets have", .in = { X(2, 6, 5, 7), X(6, 3, 2, 2) },
      CONV(2, 2, 0, 0, 1, 1, 1, 0, 0), SUMS },
    { .why = "4x4 with a stride of 2 and padding, as generators have", .in = { X(2, 3, 4, 4), X(3, 5, 4, 4) },
      CONV(2, 2, 1, 1, 1, 1, 1, 0, 0), SUMS },
    { .why = "rows that no window reaches", .in = { X(2, 3, 4, 5), X(3, 2, 3, 3) }, CONV(2, 3, 1, 1, 1, 1, 1, 1, 2),
      SUMS },
    { .why = "output padding for the sake of dilation", .in = { X(1, 2, 4, 4), X(2, 3, 3, 3) },
      CONV(1, 2, 1, 0, 3, 2, 1, 2, 1), SUMS },
    { .why = "stride larger than the kernel: places without a term", .in = { X(1, 2, 3, 3), X(2, 2, 2, 2) },
      CONV(3, 4, 0, 0, 1, 1, 1, 0, 0) },
    { .why = "more padding than kernel", .in = { X(1, 2, 7, 8), X(2, 2, 2, 2) }, CONV(1, 1, 2, 3, 1, 1, 1, 0, 0) },
    { .why = "two groups", .in = { X(2, 6, 5, 4), X(6, 2, 3, 3) }, CONV(1, 1, 1, 1, 1, 1, 2, 0, 0), SUMS },
    { .why = "depthwise, stride 2", .in = { X(2, 5, 6, 7), X(5, 1, 3, 3) }, CONV(2, 2, 1, 1, 1, 1, 5, 1, 1), SUMS },
    { .why = "everything at once", .in = { X(3, 6, 5, 4), X(6, 2, 3, 2) }, CONV(2, 3, 2, 1, 2, 3, 2, 1, 0), SUMS },
    { .why = "tall kernel", .in = { X(2, 2, 3, 3), X(2, 3, 7, 1) }, PLAIN },
    { .why = "a signal", .in = { X(2, 3, 1, 19), X(3, 4, 1, 5) }, CONV(1, 2, 0, 2, 1, 1, 1, 0, 1), SUMS },
    { .why = "batch and channels prime", .in = { X(7, 5, 6, 6), X(5, 11, 3, 3) }, PLAIN, SUMS },
    { .why = "many channels, enough for threads; sums over 1156 places", .in = { X(4, 34, 17, 17), X(34, 20, 3, 3) },
      CONV(2, 2, 1, 1, 1, 1, 1, 1, 1), .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "NaN stays in its image", .in = { F32(DIMS(3, 2, 3, 4), .fill = TENKA_FILL_NAN), X(2, 2, 3, 3) }, PLAIN,
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
