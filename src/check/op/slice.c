#include "check/check.h"

#define PART(axis_, from_, to_) PARAMS(part, .axis = axis_, .from = from_, .to = to_)

const struct tenka_op_case tenka_cases_slice[] = {
    { .why = "one element of one", .in = { F32(DIMS(1)) }, PART(0, 0, 1) },
    { .why = "the middle of a row", .in = { F32(DIMS(257)) }, PART(0, 63, 128) },
    { .why = "rows, where a view would begin between alignments", .in = { F32(DIMS(9, 7)) }, PART(0, 2, 6) },
    { .why = "the last column", .in = { F32(DIMS(9, 7)) }, PART(1, 6, 7) },
    { .why = "all of an axis", .in = { F32(DIMS(2, 3, 5)) }, PART(1, 0, 3) },
    { .why = "channels of images", .in = { F32(DIMS(3, 8, 5, 5)) }, PART(1, 2, 7) },
    { .why = "six axes, the fourth", .in = { F32(DIMS(2, 3, 1, 5, 2, 3)) }, PART(3, 1, 4) },
    { .why = "enough for threads", .in = { F32(DIMS(64, 1009)) }, PART(1, 1, 1000), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN and infinities", .in = { F32(DIMS(11, 13), .fill = TENKA_FILL_SPECIAL) }, PART(0, 3, 9),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
