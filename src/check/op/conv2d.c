#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define CONV(stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, n_groups)                                            \
    PARAMS(conv2d, .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, .dh = dil_h, .dw = dil_w,            \
           .groups = n_groups)
#define PLAIN CONV(1, 1, 0, 0, 1, 1, 1)
/* Weights' and biases' gradients are sums over batch and plane whose terms cancel. */
#define SUMS .atol = 2e-5

const struct tenka_op_case tenka_cases_conv2d[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1), X(1, 1, 1, 1), X(1) }, PLAIN },
    { .why = "1x1 kernel", .in = { X(2, 3, 4, 5), X(4, 3, 1, 1), X(4) }, PLAIN },
    { .why = "the kernel covers the image", .in = { X(3, 2, 5, 4), X(3, 2, 5, 4), X(3) }, PLAIN },
    { .why = "no bias", .in = { X(2, 3, 6, 7), X(4, 3, 3, 3) }, PLAIN },
    { .why = "the reference network's first layer, small; sums over 2304 places",
      .in = { X(4, 1, 28, 28), X(20, 1, 5, 5), X(20) }, PLAIN, SUMS },
    { .why = "its second layer, small; sums over 192 places", .in = { X(3, 20, 12, 12), X(40, 20, 5, 5), X(40) },
      PLAIN, SUMS },
    { .why = "stride 2, sums of cancelling terms", .in = { X(2, 3, 9, 11), X(4, 3, 3, 3), X(4) },
      CONV(2, 2, 0, 0, 1, 1, 1), SUMS },
    { .why = "strides that leave a rest", .in = { X(2, 2, 10, 8), X(3, 2, 3, 2), X(3) }, CONV(3, 2, 0, 0, 1, 1, 1) },
    { .why = "stride larger than the kernel", .in = { X(1, 2, 9, 9), X(2, 2, 2, 2), X(2) }, CONV(3, 4, 0, 0, 1, 1, 1) },
    { .why = "padding that keeps the size", .in = { X(2, 3, 7, 6), X(4, 3, 3, 3), X(4) }, CONV(1, 1, 1, 1, 1, 1, 1),
      SUMS },
    { .why = "padding of its own in each direction", .in = { X(2, 2, 5, 6), X(3, 2, 3, 5), X(3) },
      CONV(1, 1, 0, 2, 1, 1, 1) },
    { .why = "more padding than kernel", .in = { X(1, 2, 3, 4), X(2, 2, 2, 2), X(2) }, CONV(1, 1, 3, 2, 1, 1, 1) },
    { .why = "dilation 2", .in = { X(2, 2, 9, 9), X(3, 2, 3, 3), X(3) }, CONV(1, 1, 0, 0, 2, 2, 1) },
    { .why = "dilation of its own in each direction", .in = { X(2, 2, 10, 7), X(3, 2, 3, 3), X(3) },
      CONV(1, 1, 1, 0, 3, 2, 1) },
    { .why = "two groups", .in = { X(2, 4, 6, 5), X(6, 2, 3, 3), X(6) }, CONV(1, 1, 0, 0, 1, 1, 2) },
    { .why = "depthwise", .in = { X(2, 5, 6, 7), X(5, 1, 3, 3), X(5) }, CONV(1, 1, 1, 1, 1, 1, 5) },
    { .why = "depthwise, two outputs a channel", .in = { X(2, 3, 6, 7), X(6, 1, 3, 2), X(6) },
      CONV(1, 1, 0, 0, 1, 1, 3) },
    { .why = "everything at once, no bias", .in = { X(3, 4, 11, 13), X(6, 2, 3, 2) }, CONV(2, 3, 2, 1, 2, 3, 2), SUMS },
    { .why = "tall kernel", .in = { X(2, 2, 9, 3), X(3, 2, 7, 1), X(3) }, PLAIN },
    { .why = "wide kernel", .in = { X(2, 2, 3, 9), X(3, 2, 1, 7), X(3) }, PLAIN },
    { .why = "batch and channels prime", .in = { X(7, 5, 8, 8), X(11, 5, 3, 3), X(11) }, PLAIN, SUMS },
    { .why = "one place, many channels; sums of 130 terms", .in = { X(1, 130, 1, 1), X(67, 130, 1, 1), X(67) }, PLAIN,
      SUMS },
    { .why = "one output channel, large plane; sums over 1517 places", .in = { X(1, 1, 39, 43), X(1, 1, 3, 3), X(1) },
      PLAIN, SUMS },
    { .why = "small images side by side, the last few alone; sums over 637 places",
      .in = { X(13, 3, 9, 9), X(7, 3, 3, 3), X(7) }, PLAIN, SUMS },
    { .why = "one place an image, more images than a vector has lanes; sums over 67 places",
      .in = { X(67, 4, 3, 3), X(9, 4, 3, 3), X(9) }, PLAIN, SUMS },
    { .why = "small images, stride and padding; sums over 300 places",
      .in = { X(19, 5, 8, 7), X(6, 5, 3, 3), X(6) }, CONV(2, 2, 1, 1, 1, 1, 1), SUMS },
    { .why = "more taps than are summed at a time: sums of 657 terms", .in = { X(2, 73, 6, 5), X(3, 73, 3, 3), X(3) },
      CONV(1, 1, 1, 1, 1, 1, 1), .atol = 5e-5, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "copies larger than a cache: bands of rows; sums over 2600 places",
      .in = { X(2, 24, 65, 40), X(7, 24, 3, 3), X(7) }, CONV(1, 1, 1, 1, 1, 1, 1), .atol = 1e-4,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "the same with stride; sums over 700 places", .in = { X(2, 24, 71, 41), X(7, 24, 3, 3), X(7) },
      CONV(2, 2, 1, 1, 1, 1, 1), .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "a kernel larger than fast kernels take", .in = { X(1, 2, 70, 3), X(2, 2, 66, 2), X(2) }, PLAIN, SUMS,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN reaches only windows that see it",
      .in = { F32(DIMS(1, 1, 9, 1), .fill = TENKA_FILL_NAN), X(2, 1, 2, 1), X(2) }, PLAIN,
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
