#include "check/check.h"

#define SIZE(text, ...) \
    { .why = text, .in = { I32(DIMS(__VA_ARGS__), RANGE(0, 3)), I32(DIMS(__VA_ARGS__), RANGE(0, 3)) } }

const struct tenka_op_case tenka_cases_equal_count[] = {
    SIZE("one element", 1),
    SIZE("one less than a workgroup", 63),
    SIZE("a workgroup", 64),
    SIZE("one more than a workgroup", 65),
    SIZE("one more than a large workgroup", 257),
    SIZE("in 256 lanes", 5003),
    { .why = "a prime, in 1024 lanes", .in = { I32(DIMS(10007), RANGE(0, 3)), I32(DIMS(10007), RANGE(0, 3)) },
      .flags = TENKA_CASE_VARIANTS },
    SIZE("three axes", 3, 5, 7),
    { .why = "none equal", .in = { I32(DIMS(100), RANGE(0, 3)), I32(DIMS(100), RANGE(-9, -1)) } },
    { .why = "all equal", .in = { I32(DIMS(1000), RANGE(7, 7)), I32(DIMS(1000), RANGE(7, 7)) } },
    { 0 },
};
