#include "check/check.h"

#define SIZE(p, key0, key1, text, ...) \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, .scalars = { p, key0, key1 } }

const struct tenka_op_case tenka_cases_dropout[] = {
    SIZE(0.5, 1, 2, "one element", 1),
    SIZE(0.5, 123456789, 987654321, "one less than a workgroup", 63),
    SIZE(0.25, 4294967295, 0, "a workgroup, largest key word", 64),
    SIZE(0.1, 0, 4294967295, "one more than a workgroup", 65),
    SIZE(0.75, 0, 0, "key 0, one more than a large workgroup", 257),
    SIZE(0.3, 2718281828, 3141592653, "a prime", 10007),
    SIZE(0, 5, 6, "p = 0 keeps all", 70),
    SIZE(1, 5, 6, "p = 1 drops all", 70),
    SIZE(0.5, 77, 78, "four axes", 3, 4, 5, 6),
    { .why = "NaN that is dropped is 0", .in = { F32(DIMS(100), .fill = TENKA_FILL_NAN) }, .scalars = { 0.5, 3, 4 },
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "more workgroups than stand along one axis of a dispatch", .in = { F32(DIMS(4194369)) },
      .scalars = { 0.5, 7, 8 }, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    { 0 },
};
