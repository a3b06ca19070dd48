#include "check/check.h"

#define CLASSES(n) PARAMS(classes, .c = n)

const struct tenka_op_case tenka_cases_one_hot[] = {
    { .why = "one class", .in = { I32(DIMS(1), RANGE(0, 0)) }, CLASSES(1) },
    { .why = "one more row than a workgroup", .in = { I32(DIMS(65), RANGE(0, 2)) }, CLASSES(3) },
    { .why = "more classes than a workgroup", .in = { I32(DIMS(7), RANGE(0, 256)) }, CLASSES(257) },
    { .why = "enough for threads", .in = { I32(DIMS(301), RANGE(0, 99)) }, CLASSES(100) },
    { .why = "numbers that are no classes", .in = { I32(DIMS(30), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 4)) },
      CLASSES(5) },
    { 0 },
};
