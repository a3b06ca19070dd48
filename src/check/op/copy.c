#include "check/check.h"

const struct tenka_op_case tenka_cases_copy[] = {
    { .why = "one element", .in = { F32(DIMS(1)) } },
    { .why = "one less than a workgroup", .in = { F32(DIMS(63)) } },
    { .why = "one more than a workgroup", .in = { F32(DIMS(65)) } },
    { .why = "a prime, bits of NaN kept", .in = { F32(DIMS(1009), .fill = TENKA_FILL_SPECIAL) } },
    { .why = "integers", .in = { I32(DIMS(7, 11), RANGE(-1e9, 1e9)) } },
    { .why = "one byte", .in = { U8(DIMS(1), RANGE(0, 255)) } },
    { .why = "bytes that do not fill the last word", .in = { U8(DIMS(3, 7, 3), RANGE(0, 255)) } },
    { .why = "bytes that fill it", .in = { U8(DIMS(64, 4), RANGE(0, 255)) } },
    { 0 },
};
