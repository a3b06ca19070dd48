#include "check/check.h"

#define OVER(bits, text, ...) { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(sum, .axes = (bits)) }
/* A single sum whose terms cancel could be as small as its rounding error: these terms do not. */
#define ALL_OF(n, text) \
    { .why = text, .in = { F32(DIMS(n), RANGE(0.5, 1)) }, PARAMS(sum, .axes = ALL) }
#define LANES(n, text) \
    { .why = text, .in = { F32(DIMS(n), RANGE(0.5, 1)) }, PARAMS(sum, .axes = ALL), \
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS }
#define MEAN(bits, text, ...) { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(sum, .axes = (bits), .mean = 1) }
#define KEEP(bits, text, ...) \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(sum, .axes = (bits), .keepdim = 1) }
#define ALL (int32_t)TENKA_ALL_AXES

const struct tenka_op_case tenka_cases_sum[] = {
    { .why = "a scalar", .in = { F32(SCALAR) }, PARAMS(sum, .axes = ALL) },
    OVER(ALL, "one element", 1),
    ALL_OF(63, "one less than a workgroup"),
    ALL_OF(64, "a workgroup"),
    ALL_OF(65, "one more than a workgroup"),
    ALL_OF(255, "one less than a large workgroup"),
    ALL_OF(256, "a large workgroup"),
    ALL_OF(257, "one more than a large workgroup"),
    LANES(1023, "one less than in 256 lanes"),
    LANES(1024, "in 256 lanes"),
    LANES(8191, "in 256 lanes, one less than in 1024"),
    LANES(10007, "a prime, in 1024 lanes"),
    LANES(100003, "a prime, in 1024 lanes again and again"),
    { .why = "mean of all", .in = { F32(DIMS(33, 31), RANGE(0.5, 1)) }, PARAMS(sum, .axes = ALL, .mean = 1) },
    MEAN(1, "mean over rows", 33, 31),
    MEAN(2, "mean over columns", 33, 31),
    OVER(1, "first of two", 70, 3),
    OVER(2, "last of two", 3, 70),
    KEEP(1, "first of two, kept", 5, 7),
    KEEP(2, "last of two, kept", 5, 7),
    { .why = "all, kept", .in = { F32(DIMS(5, 7), RANGE(0.5, 1)) }, PARAMS(sum, .axes = ALL, .keepdim = 1) },
    OVER(1, "100 of three", 5, 6, 7),
    OVER(2, "010 of three", 5, 6, 7),
    OVER(3, "110 of three", 5, 6, 7),
    OVER(4, "001 of three", 5, 6, 7),
    OVER(5, "101 of three", 5, 6, 7),
    OVER(6, "011 of three", 5, 6, 7),
    OVER(13, "a bias's gradient", 3, 4, 5, 6),
    OVER(2, "0100 of four", 3, 4, 5, 6),
    OVER(5, "1010 of four", 3, 4, 5, 6),
    OVER(9, "1001 of four", 3, 4, 5, 6),
    OVER(6, "0110 of four", 3, 4, 5, 6),
    OVER(10, "0101 of four", 3, 4, 5, 6),
    OVER(21, "every second of five", 2, 3, 4, 3, 2),
    OVER(10, "the others of five", 2, 3, 4, 3, 2),
    OVER(21, "101010 of six", 2, 3, 2, 3, 2, 3),
    OVER(42, "010101 of six", 2, 3, 2, 3, 2, 3),
    OVER(25, "100110 of six", 2, 3, 2, 3, 2, 3),
    OVER(63, "all of six", 2, 3, 2, 3, 2, 3),
    KEEP(37, "101001 of six, kept", 2, 3, 2, 3, 2, 3),
    OVER(1, "more rows than are added at a time, columns of vectors and a rest", 131, 37),
    OVER(5, "columns of vectors, two axes summed", 3, 4, 5, 19),
    OVER(1, "more rows, and columns, than are added at a time", 131, 300),
    MEAN(1, "few rows of many columns", 5, 300),
    MEAN(12, "planes of some vectors, enough for threads", 9, 90, 7, 7),
    OVER(12, "planes of a vector", 3, 21, 4, 4),
    OVER(5, "many short pieces of a row", 150, 3, 5),
    { .why = "more elements of a row than are added at a time", .in = { F32(DIMS(2, 9001), RANGE(0.5, 1)) },
      PARAMS(sum, .axes = 2), .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "in 1024 lanes, over two axes apart", .in = { F32(DIMS(97, 3, 101), RANGE(0.5, 1)) },
      PARAMS(sum, .axes = 5), .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "more terms than 64 lanes may loop over", .in = { F32(DIMS(16777219), RANGE(0.5, 1)) },
      PARAMS(sum, .axes = ALL), .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    { .why = "10 million rows", .in = { F32(DIMS(10000000, 3)) }, PARAMS(sum, .axes = 2),
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    { .why = "33 million terms", .in = { F32(DIMS(33554393), RANGE(0.5, 1)) }, PARAMS(sum, .axes = ALL, .mean = 1),
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_LARGE },
    OVER(1, "axes of size 1 reduced", 1, 5, 1),
    OVER(2, "axes of size 1 kept", 1, 5, 1),
    OVER(2, "more rows than a grid is wide in one axis", 70000, 2),
    { .why = "NaN stays in its row", .in = { F32(DIMS(19, 11), .fill = TENKA_FILL_NAN) }, PARAMS(sum, .axes = 1),
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
