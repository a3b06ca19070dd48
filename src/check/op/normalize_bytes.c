#include "check/check.h"

#define PIXELS(channels, text, ...)                                                                                \
    { .why = text, .in = { U8(DIMS(__VA_ARGS__), RANGE(0, 255)), F32(DIMS(channels), RANGE(0.1, 0.6)),              \
                           F32(DIMS(channels), RANGE(0.2, 0.4)) } }

const struct tenka_op_case tenka_cases_normalize_bytes[] = {
    PIXELS(1, "one byte", 1, 1),
    PIXELS(1, "bytes that do not fill a word", 3, 1, 1, 1),
    PIXELS(1, "one less than a workgroup", 1, 1, 7, 9),
    PIXELS(1, "one more than a workgroup", 1, 1, 5, 13),
    PIXELS(1, "images", 5, 1, 28, 28),
    PIXELS(3, "three channels", 2, 3, 5, 7),
    PIXELS(3, "channels alone", 11, 3),
    PIXELS(7, "planes of one byte", 3, 7, 1),
    PIXELS(2, "a prime plane", 2, 2, 13, 17),
    { 0 },
};
