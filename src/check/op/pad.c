#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define BY(how, ...) .scalars = { -1.25 }, PARAMS(pad, .mode = TENKA_PADDING_##how, __VA_ARGS__)
/* Rows above and below, columns left and right. */
#define AROUND(top, bottom, left, right) .before = {[4] = top, [5] = left }, .after = {[4] = bottom, [5] = right }

const struct tenka_op_case tenka_cases_pad[] = {
    { .why = "one element", .in = { X(1) }, BY(CONSTANT, .before = {[5] = 1 }) },
    { .why = "nothing", .in = { X(3, 5) }, BY(CONSTANT, .first = 0) },
    { .why = "a constant around images", .in = { X(2, 3, 4, 5) }, BY(CONSTANT, AROUND(1, 2, 3, 4)) },
    { .why = "a constant, on some sides less than nothing", .in = { X(2, 3, 6, 7) }, BY(CONSTANT, AROUND(-1, 2, 3, -4)) },
    { .why = "channels, and nothing else", .in = { X(2, 3, 4, 5) }, BY(CONSTANT, .before = {[3] = 2 }, .after = {[3] = 1 }) },
    { .why = "all six axes", .in = { X(2, 1, 3, 2, 2, 3) },
      BY(CONSTANT, .before = { 1, 0, -1, 1, 0, 2 }, .after = { 0, 1, 2, -1, 1, 1 }) },
    { .why = "rows of more than a vector, enough for threads", .in = { X(5, 7, 23, 37) }, BY(CONSTANT, AROUND(3, 3, 3, 3)) },
    { .why = "small planes, enough for threads", .in = { X(5, 64, 7, 7) }, BY(CONSTANT, AROUND(1, 1, 1, 1)) },
    { .why = "many rows, and all of a few vectors", .in = { X(2, 130, 60) }, BY(CONSTANT, AROUND(1, 2, 1, 0)) },
    { .why = "rows of more than a few vectors", .in = { X(2, 67, 90) }, BY(CONSTANT, AROUND(0, 1, 2, 3)) },
    { .why = "a reflection of a vector in two", .in = { X(2, 9, 14) }, BY(REFLECT, AROUND(3, 3, 6, 5)) },
    { .why = "a reflection", .in = { X(2, 3, 4, 5) }, BY(REFLECT, AROUND(1, 2, 3, 4)) },
    { .why = "a reflection as large as it can be", .in = { X(2, 4, 5) }, BY(REFLECT, AROUND(3, 3, 4, 4)) },
    { .why = "a reflection of two elements", .in = { X(3, 2) }, BY(REFLECT, .before = {[5] = 1 }, .after = {[5] = 1 }) },
    { .why = "a reflection, on some sides less than nothing", .in = { X(2, 6, 7) }, BY(REFLECT, AROUND(-2, 3, 4, -1)) },
    { .why = "a reflection of three axes", .in = { X(2, 3, 3, 4) },
      BY(REFLECT, .before = {[3] = 1, [4] = 2, [5] = 1 }, .after = {[3] = 2, [5] = 3 }) },
    { .why = "a reflection, enough for threads", .in = { X(5, 7, 23, 37) }, BY(REFLECT, AROUND(3, 3, 3, 3)) },
    { .why = "a reflection around small planes, enough for threads", .in = { X(150, 9, 14) },
      BY(REFLECT, AROUND(2, 1, 1, 2)) },
    { .why = "a circle around small planes, enough for threads", .in = { X(400, 7, 7) },
      BY(CIRCULAR, AROUND(1, 1, 7, 7)) },
    { .why = "ends repeated", .in = { X(2, 3, 4, 5) }, BY(REPLICATE, AROUND(1, 2, 3, 7)) },
    { .why = "one element repeated", .in = { X(2, 1, 1) }, BY(REPLICATE, AROUND(2, 3, 1, 4)) },
    { .why = "ends repeated, on some sides less than nothing", .in = { X(2, 6, 7) }, BY(REPLICATE, AROUND(-2, 3, 4, -1)) },
    { .why = "ends repeated, enough for threads", .in = { X(5, 7, 23, 37) }, BY(REPLICATE, AROUND(3, 3, 3, 3)) },
    { .why = "a circle", .in = { X(2, 3, 4, 5) }, BY(CIRCULAR, AROUND(1, 2, 3, 4)) },
    { .why = "a circle as large as it can be", .in = { X(2, 4, 5) }, BY(CIRCULAR, AROUND(4, 4, 5, 5)) },
    { .why = "a circle, on some sides less than nothing", .in = { X(2, 6, 7) }, BY(CIRCULAR, AROUND(-2, 3, 4, -1)) },
    { .why = "a circle of three axes", .in = { X(2, 2, 3, 4) },
      BY(CIRCULAR, .before = {[3] = 1, [4] = 2, [5] = 1 }, .after = {[3] = 2, [5] = 3 }) },
    { .why = "NaN and infinities", .in = { F32(DIMS(2, 9, 9), .fill = TENKA_FILL_SPECIAL) },
      BY(REFLECT, AROUND(2, 2, 2, 2)), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
