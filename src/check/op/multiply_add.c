#include "check/check.h"

#define ROUNDS(r, size, text) \
    { .why = text, .in = { F32(DIMS(size)) }, PARAMS(repeat, .rounds = r), .scalars = { 0.5, 0.25 } }

const struct tenka_op_case tenka_cases_multiply_add[] = {
    ROUNDS(0, 1, "no round, one element"),
    ROUNDS(1, 63, "one less than a workgroup"),
    ROUNDS(2, 64, "a workgroup"),
    ROUNDS(3, 65, "one more than a workgroup"),
    ROUNDS(7, 257, "one more than a large workgroup"),
    ROUNDS(100, 1009, "a prime; the values reach their limit"),
    { .why = "NaN and infinities", .in = { F32(DIMS(77), .fill = TENKA_FILL_SPECIAL) }, PARAMS(repeat, .rounds = 3),
      .scalars = { 0.5, 0.25 } },
    { 0 },
};
