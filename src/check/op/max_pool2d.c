#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__), .fill = TENKA_FILL_DISTINCT)
#define POOL(k_h, k_w, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, ceil)                                           \
    PARAMS(pool2d, .kh = k_h, .kw = k_w, .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, .dh = dil_h,        \
           .dw = dil_w, .ceil_mode = ceil)
#define FIT(height, width) PARAMS(pool2d, .oh = height, .ow = width, .adaptive = 1)

const struct tenka_op_case tenka_cases_max_pool2d[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1) }, POOL(1, 1, 1, 1, 0, 0, 1, 1, 0) },
    { .why = "kernel 1", .in = { X(2, 3, 4, 5) }, POOL(1, 1, 1, 1, 0, 0, 1, 1, 0) },
    { .why = "2x2", .in = { X(2, 3, 8, 6) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 0) },
    { .why = "2x2, a rest that nobody sees", .in = { X(2, 3, 9, 7) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 0) },
    { .why = "2x2, the rest by ceil_mode", .in = { X(2, 3, 9, 7) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 1) },
    { .why = "windows overlap", .in = { X(2, 2, 7, 8) }, POOL(3, 3, 1, 1, 0, 0, 1, 1, 0) },
    { .why = "windows overlap, stride 2", .in = { X(2, 2, 9, 8) }, POOL(3, 3, 2, 2, 1, 1, 1, 1, 0) },
    { .why = "stride larger than the kernel", .in = { X(1, 2, 10, 11) }, POOL(2, 2, 3, 4, 0, 0, 1, 1, 0) },
    { .why = "padding", .in = { X(2, 2, 6, 7) }, POOL(3, 2, 2, 2, 1, 1, 1, 1, 0) },
    { .why = "padding and ceil_mode: no window begins in the right padding", .in = { X(1, 2, 5, 5) },
      POOL(2, 2, 2, 2, 1, 1, 1, 1, 1) },
    { .why = "ceil_mode, stride 3", .in = { X(1, 2, 8, 9) }, POOL(3, 2, 3, 3, 1, 0, 1, 1, 1) },
    { .why = "dilation", .in = { X(2, 2, 9, 10) }, POOL(3, 2, 1, 2, 0, 0, 2, 3, 0) },
    { .why = "dilation, padding and ceil_mode", .in = { X(1, 3, 10, 9) }, POOL(3, 3, 2, 2, 1, 1, 2, 2, 1) },
    { .why = "dilation, padding, stride 1: the first window has a later row than the second",
      .in = { X(1, 2, 9, 7) }, POOL(2, 3, 1, 2, 1, 1, 3, 2, 0) },
    { .why = "tall kernel", .in = { X(2, 1, 7, 3) }, POOL(5, 1, 2, 1, 2, 0, 1, 1, 0) },
    { .why = "wide kernel over everything", .in = { X(3, 2, 4, 9) }, POOL(4, 9, 4, 9, 0, 0, 1, 1, 0) },
    { .why = "2x2, rows of two vectors", .in = { X(2, 1, 4, 64) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 0) },
    { .why = "2x2, rows of vectors and a rest", .in = { X(1, 2, 5, 87) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 0) },
    { .why = "3x3, rows of vectors", .in = { X(1, 2, 5, 67) }, POOL(3, 3, 1, 1, 1, 1, 1, 1, 0) },
    { .why = "3x3, stride 2, rows of vectors", .in = { X(1, 2, 6, 75) }, POOL(3, 3, 2, 2, 1, 1, 1, 1, 1) },
    { .why = "stride 3, rows of vectors", .in = { X(1, 1, 4, 101) }, POOL(2, 4, 1, 3, 0, 2, 1, 1, 0) },
    { .why = "planes prime", .in = { X(7, 11, 4, 4) }, POOL(2, 2, 2, 2, 0, 0, 1, 1, 0) },
    { .why = "windows of nothing but padding", .in = { X(2, 2, 2, 5) }, POOL(2, 2, 1, 1, 1, 1, 3, 1, 0),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "columns of nothing but padding", .in = { X(2, 2, 5, 2) }, POOL(2, 2, 1, 1, 1, 1, 1, 3, 0),
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "two axes", .in = { X(7, 9) }, POOL(3, 3, 2, 2, 1, 1, 1, 1, 0) },
    { .why = "windows that fit: one", .in = { X(2, 3, 5, 4) }, FIT(1, 1) },
    { .why = "windows that fit, of one size", .in = { X(2, 2, 8, 6) }, FIT(4, 3) },
    { .why = "windows that fit, of two sizes, which overlap", .in = { X(1, 2, 14, 43) }, FIT(4, 27) },
    { .why = "windows that fit, more than elements", .in = { X(1, 2, 3, 5) }, FIT(7, 41) },
    { .why = "windows that fit, NaN and infinities", .in = { F32(DIMS(1, 2, 9, 9), .fill = TENKA_FILL_SPECIAL) },
      FIT(4, 5), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "ties: the first wins", .in = { F32(DIMS(2, 3, 8, 8), .fill = TENKA_FILL_TIES) },
      POOL(3, 3, 2, 2, 1, 1, 1, 1, 0), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN wins over all", .in = { F32(DIMS(1, 2, 12, 12), .fill = TENKA_FILL_NAN) },
      POOL(2, 2, 2, 2, 0, 0, 1, 1, 0), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "infinities, also in padded windows", .in = { F32(DIMS(1, 2, 9, 9), .fill = TENKA_FILL_SPECIAL) },
      POOL(2, 2, 1, 1, 1, 1, 1, 1, 0), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
