#include "check/check.h"

/* It has no kernel: memory that is written in parts. */
const struct tenka_op_case tenka_cases_blank[] = {
    { .why = "a shape", .want = true, DIMS(2, 3), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
