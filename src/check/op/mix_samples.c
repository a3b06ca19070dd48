#include "check/check.h"

#define PARTNERS(n) I32(DIMS(n), .fill = TENKA_FILL_PERMUTATION)
/* Scalars: the shares of the sample and of its partner, and the rectangle. */
#define BLEND(share, width, height) .scalars = {share, 1 - (share), 0, 0, width, height}
#define PASTE(left, top, right, bottom) .scalars = {0, 1, left, top, right, bottom}

const struct tenka_op_case tenka_cases_mix_samples[] = {
    { .why = "one element", .in = { F32(DIMS(1)), PARTNERS(1) }, BLEND(0.25, 1, 1) },
    { .why = "rows", .in = { F32(DIMS(7, 13)), PARTNERS(7) }, BLEND(0.7, 13, 1) },
    { .why = "one more element than a workgroup", .in = { F32(DIMS(65, 1)), PARTNERS(65) }, BLEND(0.3, 1, 1) },
    { .why = "images in colour", .in = { F32(DIMS(9, 3, 5, 7)), PARTNERS(9) }, BLEND(0.41, 7, 5) },
    { .why = "images without a plane of their own", .in = { F32(DIMS(11, 6, 5)), PARTNERS(11) }, BLEND(0.9, 5, 6) },
    { .why = "volumes", .in = { F32(DIMS(4, 2, 3, 5, 6)), PARTNERS(4) }, PASTE(1, 2, 4, 5) },
    { .why = "a rectangle in the middle", .in = { F32(DIMS(9, 3, 8, 6)), PARTNERS(9) }, PASTE(2, 1, 5, 7) },
    { .why = "a rectangle at the edges", .in = { F32(DIMS(5, 1, 8, 6)), PARTNERS(5) }, PASTE(3, 0, 6, 8) },
    { .why = "an empty rectangle", .in = { F32(DIMS(5, 2, 4, 4)), PARTNERS(5) }, PASTE(2, 1, 2, 3) },
    { .why = "a rectangle that is blended", .in = { F32(DIMS(5, 2, 6, 4)), PARTNERS(5) },
      .scalars = { 0.3, 0.7, 1, 2, 4, 5 } },
    { .why = "enough for threads", .in = { F32(DIMS(12, 3, 32, 33)), PARTNERS(12) }, BLEND(0.55, 33, 32) },
    { .why = "what is pasted is copied, and nothing else of it is seen: NaN and infinities",
      .in = { F32(DIMS(6, 2, 5, 5), .fill = TENKA_FILL_SPECIAL), PARTNERS(6) }, PASTE(0, 1, 3, 4) },
    { .why = "partners that are no samples", .in = { F32(DIMS(10, 1, 3, 3)),
      I32(DIMS(10), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 9)) }, BLEND(0.5, 3, 3) },
    { 0 },
};
