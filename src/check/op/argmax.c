#include "check/check.h"

#define ALONG(along, text, ...) { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(axis, .dim = along) }
#define LONG(along, text, ...) \
    { .why = text, .in = { F32(DIMS(__VA_ARGS__)) }, PARAMS(axis, .dim = along), .flags = TENKA_CASE_VARIANTS }

const struct tenka_op_case tenka_cases_argmax[] = {
    ALONG(0, "one element", 1),
    ALONG(0, "a vector", 257),
    ALONG(1, "rows, one less than a workgroup", 63, 10),
    ALONG(1, "rows, one more than a workgroup", 65, 10),
    ALONG(0, "columns", 10, 67),
    ALONG(1, "an axis of size 1", 7, 1),
    ALONG(1, "the middle of three axes", 3, 6, 5),
    ALONG(5, "the last of six axes", 2, 1, 3, 2, 2, 7),
    ALONG(1, "a prime", 3, 1009),
    { .why = "ties: the first wins", .in = { F32(DIMS(66, 12), .fill = TENKA_FILL_TIES) }, PARAMS(axis, .dim = 1) },
    { .why = "the first NaN wins", .in = { F32(DIMS(66, 12), .fill = TENKA_FILL_NAN) }, PARAMS(axis, .dim = 1) },
    { .why = "NaN in some rows only, infinities", .in = { F32(DIMS(50, 5), .fill = TENKA_FILL_SPECIAL) },
      PARAMS(axis, .dim = 1) },
    LONG(1, "one less than a workgroup shares", 5, 127),
    LONG(1, "a workgroup shares", 5, 128),
    LONG(1, "one more than a workgroup shares", 5, 129),
    LONG(1, "the longest in 64 lanes", 2, 8191),
    LONG(1, "a prime, in 256 lanes", 3, 8209),
    LONG(1, "a prime, in 1024 lanes", 2, 65537),
    LONG(0, "one line alone, in 1024 lanes", 100003),
    LONG(1, "long lines side by side", 2, 131, 31),
    LONG(1, "more lines side by side than share", 2, 2047, 33),
    LONG(1, "as many, which share", 1, 2053, 37),
    { .why = "ties in long lines: the first wins", .in = { F32(DIMS(7, 8209), .fill = TENKA_FILL_TIES) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_VARIANTS },
    { .why = "the first NaN of a long line wins", .in = { F32(DIMS(7, 211), .fill = TENKA_FILL_NAN) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_VARIANTS },
    { .why = "the last of a long line is NaN", .in = { F32(DIMS(3, 211), .fill = TENKA_FILL_NAN_LAST) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_VARIANTS },
    { .why = "nothing but -infinity in a long line", .in = { F32(DIMS(3, 211), .fill = TENKA_FILL_MASKED) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_VARIANTS },
    { .why = "200,000 classes", .in = { F32(DIMS(3, 200000)) }, PARAMS(axis, .dim = 1),
      .flags = TENKA_CASE_LARGE },
    { .why = "10 million rows: more workgroups than a grid is wide", .in = { F32(DIMS(10000000, 3)) },
      PARAMS(axis, .dim = 1), .flags = TENKA_CASE_LARGE },
    { 0 },
};
