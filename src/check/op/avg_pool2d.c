#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define POOL(k_h, k_w, stride_h, stride_w, pad_h, pad_w, ...)                                                          \
    PARAMS(avg_pool2d, .kh = k_h, .kw = k_w, .sh = stride_h, .sw = stride_w, .ph = pad_h, .pw = pad_w, __VA_ARGS__)
#define FIT(height, width) PARAMS(avg_pool2d, .oh = height, .ow = width, .adaptive = 1)

const struct tenka_op_case tenka_cases_avg_pool2d[] = {
    { .why = "one element", .in = { X(1, 1, 1, 1) }, POOL(1, 1, 1, 1, 0, 0, .divisor = 0) },
    { .why = "2x2", .in = { X(2, 3, 8, 6) }, POOL(2, 2, 2, 2, 0, 0, .divisor = 0) },
    { .why = "2x2, a rest that nobody sees", .in = { X(2, 3, 9, 7) }, POOL(2, 2, 2, 2, 0, 0, .divisor = 0) },
    { .why = "2x2, the rest by ceil_mode", .in = { X(2, 3, 9, 7) }, POOL(2, 2, 2, 2, 0, 0, .ceil_mode = 1) },
    { .why = "windows overlap, padding counts", .in = { X(2, 2, 7, 8) }, POOL(3, 3, 1, 1, 1, 1, .divisor = 0) },
    { .why = "windows overlap, padding does not count", .in = { X(2, 2, 7, 8) }, POOL(3, 3, 1, 1, 1, 1, .uncounted = 1) },
    { .why = "windows overlap, stride 2", .in = { X(2, 2, 9, 8) }, POOL(3, 3, 2, 2, 1, 1, .divisor = 0) },
    { .why = "ceil_mode goes beyond the padding, which counts no further", .in = { X(1, 2, 8, 9) },
      POOL(3, 2, 3, 3, 1, 0, .ceil_mode = 1) },
    { .why = "ceil_mode, padding does not count", .in = { X(1, 2, 5, 6) },
      POOL(4, 3, 3, 2, 2, 1, .ceil_mode = 1, .uncounted = 1) },
    { .why = "another divisor", .in = { X(1, 2, 6, 7) }, POOL(3, 2, 2, 2, 1, 1, .divisor = 5) },
    { .why = "stride larger than the kernel", .in = { X(1, 2, 10, 11) }, POOL(2, 2, 3, 4, 0, 0, .divisor = 0) },
    { .why = "wide kernel over everything", .in = { X(3, 2, 4, 9) }, POOL(4, 9, 4, 9, 0, 0, .divisor = 0) },
    { .why = "2x2, rows of vectors and a rest", .in = { X(1, 2, 5, 87) }, POOL(2, 2, 2, 2, 0, 0, .divisor = 0) },
    { .why = "3x3, rows of vectors", .in = { X(1, 2, 5, 67) }, POOL(3, 3, 1, 1, 1, 1, .uncounted = 1) },
    { .why = "3x3, stride 2, rows of vectors", .in = { X(1, 2, 6, 75) }, POOL(3, 3, 2, 2, 1, 1, .ceil_mode = 1) },
    { .why = "stride 3, rows of vectors", .in = { X(1, 1, 4, 101) }, POOL(2, 4, 1, 3, 0, 2, .divisor = 0) },
    { .why = "two axes", .in = { X(5, 6) }, POOL(2, 3, 1, 1, 1, 1, .divisor = 0) },
    { .why = "planes prime, enough for threads", .in = { X(7, 11, 24, 24) }, POOL(2, 2, 2, 2, 0, 0, .divisor = 0) },
    { .why = "windows that fit: one", .in = { X(2, 3, 5, 4) }, FIT(1, 1) },
    { .why = "windows that fit: as many as elements", .in = { X(2, 3, 5, 4) }, FIT(5, 4) },
    { .why = "windows that fit, of one size", .in = { X(2, 2, 8, 6) }, FIT(4, 3) },
    { .why = "windows that fit, of two sizes, which overlap", .in = { X(1, 2, 14, 43) }, FIT(4, 27) },
    { .why = "windows that fit, more than elements", .in = { X(1, 2, 3, 5) }, FIT(7, 41) },
    { .why = "windows that fit, enough for threads", .in = { X(3, 7, 41, 41) }, FIT(6, 6) },
    { .why = "NaN and infinities", .in = { F32(DIMS(1, 2, 9, 9), .fill = TENKA_FILL_SPECIAL) },
      POOL(2, 2, 2, 2, 1, 1, .divisor = 0), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
