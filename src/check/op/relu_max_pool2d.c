#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__), .fill = TENKA_FILL_DISTINCT)
#define POOL(kernel, stride, padding, dilation, ceil)                                                                  \
    PARAMS(pool2d, .kh = kernel, .kw = kernel, .sh = stride, .sw = stride, .ph = padding, .pw = padding,               \
           .dh = dilation, .dw = dilation, .ceil_mode = ceil)

const struct tenka_op_case tenka_cases_relu_max_pool2d[] = {
    { .why = "one element", .in = { F32(DIMS(1, 1, 1, 1), RANGE(0.5, 1)) }, POOL(1, 1, 0, 1, 0) },
    { .why = "2x2", .in = { X(2, 3, 8, 6) }, POOL(2, 2, 0, 1, 0) },
    { .why = "2x2, a rest that nobody sees", .in = { X(2, 3, 9, 7) }, POOL(2, 2, 0, 1, 0) },
    { .why = "2x2, rows of vectors and a rest", .in = { X(1, 2, 5, 87) }, POOL(2, 2, 0, 1, 0) },
    { .why = "windows overlap", .in = { X(2, 2, 9, 8) }, POOL(3, 2, 1, 1, 0) },
    { .why = "dilation, padding and ceil_mode", .in = { X(1, 3, 10, 9) }, POOL(3, 2, 1, 2, 1) },
    { .why = "windows of nothing but negative numbers: the first wins",
      .in = { F32(DIMS(2, 2, 6, 6), RANGE(-2, -1)) }, POOL(2, 2, 0, 1, 0) },
    { .why = "ties, zeros", .in = { F32(DIMS(2, 3, 8, 8), .fill = TENKA_FILL_ZEROS) }, POOL(3, 2, 1, 1, 0),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN and infinities", .in = { F32(DIMS(1, 2, 12, 12), .fill = TENKA_FILL_SPECIAL) }, POOL(2, 2, 0, 1, 0),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "windows that fit", .in = { F32(DIMS(1, 2, 14, 43), .fill = TENKA_FILL_DISTINCT) },
      PARAMS(pool2d, .oh = 4, .ow = 27, .adaptive = 1) },
    { 0 },
};
