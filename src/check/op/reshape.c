#include "check/check.h"

/* No kernel: the gradient alone. */
const struct tenka_op_case tenka_cases_reshape[] = {
    { .why = "to fewer axes", .in = { F32(DIMS(2, 3, 4)) }, .want = true, DIMS(6, 4) },
    { .why = "to more axes", .in = { F32(DIMS(24)) }, .want = true, DIMS(1, 2, 1, 3, 2, 2) },
    { .why = "to a scalar", .in = { F32(DIMS(1, 1)) }, .want = true, SCALAR },
    { .why = "from a scalar", .in = { F32(SCALAR) }, .want = true, DIMS(1) },
    { .why = "to the same shape", .in = { F32(DIMS(5, 7)) }, .want = true, DIMS(5, 7) },
    { 0 },
};
