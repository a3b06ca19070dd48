#include "check/check.h"

#define AXES(...) PARAMS(strided, .dim = { __VA_ARGS__ }, .divide = 1)

const struct tenka_op_case tenka_cases_permute[] = {
    { .why = "one axis", .in = { F32(DIMS(65)) }, AXES(0) },
    { .why = "one element", .in = { F32(DIMS(1, 1)) }, AXES(1, 0) },
    { .why = "a transpose", .in = { F32(DIMS(7, 11)) }, AXES(1, 0) },
    { .why = "a transpose about a workgroup", .in = { F32(DIMS(63, 65)) }, AXES(1, 0) },
    { .why = "nothing moves", .in = { F32(DIMS(3, 4, 5)) }, AXES(0, 1, 2) },
    { .why = "three axes, 021", .in = { F32(DIMS(3, 4, 5)) }, AXES(0, 2, 1) },
    { .why = "three axes, 102", .in = { F32(DIMS(3, 4, 5)) }, AXES(1, 0, 2) },
    { .why = "three axes, 120", .in = { F32(DIMS(3, 4, 5)) }, AXES(1, 2, 0) },
    { .why = "three axes, 201", .in = { F32(DIMS(3, 4, 5)) }, AXES(2, 0, 1) },
    { .why = "three axes, 210", .in = { F32(DIMS(3, 4, 5)) }, AXES(2, 1, 0) },
    { .why = "channels last", .in = { F32(DIMS(2, 3, 5, 7)) }, AXES(0, 2, 3, 1) },
    { .why = "six axes reversed", .in = { F32(DIMS(2, 3, 1, 4, 2, 3)) }, AXES(5, 4, 3, 2, 1, 0) },
    { .why = "six axes in a cycle", .in = { F32(DIMS(2, 3, 2, 4, 2, 3)) }, AXES(3, 4, 5, 0, 1, 2) },
    { .why = "NaN travels", .in = { F32(DIMS(9, 5), .fill = TENKA_FILL_NAN) }, AXES(1, 0),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
