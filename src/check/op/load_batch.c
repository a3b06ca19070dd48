#include "check/check.h"

#define DATA(count, channels, ...)                                                                                    \
    U8(DIMS(count, channels, __VA_ARGS__), RANGE(0, 255)), I32(DIMS(count), RANGE(0, 9)),                             \
        I32(DIMS(count), .fill = TENKA_FILL_PERMUTATION), F32(DIMS(channels), RANGE(0.1, 0.6)),                       \
        F32(DIMS(channels), RANGE(0.2, 0.4))
#define ROWS(n) PARAMS(load_batch, .rows = n)

const struct tenka_op_case tenka_cases_load_batch[] = {
    { .why = "one byte", .in = { DATA(1, 1, 1, 1) }, ROWS(1) },
    { .why = "all of it", .in = { DATA(7, 1, 4, 4) }, ROWS(7) },
    { .why = "a part in the middle", .in = { DATA(50, 1, 28, 28) }, ROWS(6), .scalars = { 13 } },
    { .why = "the last one", .in = { DATA(11, 1, 5, 13) }, ROWS(1), .scalars = { 10 } },
    { .why = "images that are no whole words", .in = { DATA(23, 3, 5, 7) }, ROWS(9), .scalars = { 2 } },
    { .why = "colours", .in = { DATA(8, 3, 8, 8) }, ROWS(5) },
    { .why = "an order that leaves the data",
      .in = { U8(DIMS(5, 1, 3, 3), RANGE(1, 255)), I32(DIMS(5), RANGE(1, 9)),
              I32(DIMS(30), .fill = TENKA_FILL_OUTSIDE, RANGE(0, 4)), F32(DIMS(1), RANGE(0.1, 0.6)),
              F32(DIMS(1), RANGE(0.2, 0.4)) }, ROWS(30) },
    { 0 },
};
