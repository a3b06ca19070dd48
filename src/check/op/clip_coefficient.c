#include "check/check.h"

#define NORM(limit, low, high, text) { .why = text, .in = { F32(SCALAR, RANGE(low, high)) }, .scalars = { limit } }

const struct tenka_op_case tenka_cases_clip_coefficient[] = {
    NORM(1, 3, 3.5, "a norm above the limit"),
    NORM(1, 0.2, 0.3, "a norm below the limit"),
    NORM(1, 1, 1, "a norm at the limit"),
    NORM(2.5, 1e6, 1e7, "a norm far above"),
    NORM(1, 1e-30, 1e-29, "a norm of almost nothing"),
    NORM(0, 3, 4, "limit 0"),
    { .why = "a norm of NaN", .in = { F32(DIMS(8), .fill = TENKA_FILL_SPECIAL, RANGE(0.1, 3)) }, .scalars = { 1 } },
    { 0 },
};
