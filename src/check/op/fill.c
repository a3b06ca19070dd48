#include "check/check.h"

#define SIZE(value, text, ...) { .why = text, .want = true, __VA_ARGS__, .scalars = { value } }

const struct tenka_op_case tenka_cases_fill[] = {
    SIZE(0.1, "a scalar", SCALAR),
    SIZE(-0.0, "negative zero, one element", DIMS(1)),
    SIZE(1, "one less than a workgroup", DIMS(63)),
    SIZE(1e-30, "a workgroup", DIMS(64)),
    SIZE(-7, "one more than a workgroup", DIMS(65)),
    SIZE(3e38, "a prime", DIMS(1009)),
    SIZE(2, "six axes", DIMS(2, 3, 1, 2, 3, 2)),
    { 0 },
};
