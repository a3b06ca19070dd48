#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__))
#define TO(how, height, width, rows, columns)                                                                          \
    .scalars = { rows, columns }, PARAMS(interpolate, .oh = height, .ow = width, .mode = TENKA_BETWEEN_##how)
/* A position of p has an error of p / 2^24, which is that of a share of two neighbours, however small their mean is. */
#define FINE .atol = 5e-6

const struct tenka_op_case tenka_cases_interpolate[] = {
    { .why = "one element", .in = { X(1, 1) }, TO(LINEAR, 1, 1, 1, 1) },
    { .why = "nearest, twice as many", .in = { X(2, 3, 4, 5) }, TO(NEAREST, 8, 10, 0.5, 0.5) },
    { .why = "nearest, as many", .in = { X(2, 3, 4, 5) }, TO(NEAREST, 4, 5, 1, 1) },
    { .why = "nearest, fewer", .in = { X(2, 3, 9, 11) }, TO(NEAREST, 4, 3, 9.0 / 4, 11.0 / 3) },
    { .why = "nearest, more, of no simple ratio", .in = { X(1, 2, 7, 13) }, TO(NEAREST, 17, 41, 7.0 / 17, 13.0 / 41) },
    { .why = "nearest, a scale that is not that of the sizes", .in = { X(1, 2, 7, 9) }, TO(NEAREST, 10, 13, 1 / 1.5, 1 / 1.5) },
    { .why = "nearest, one row, enough for threads", .in = { X(64, 1, 301) }, TO(NEAREST, 1, 733, 1, 301.0 / 733) },
    { .why = "nearest by the middle, fewer", .in = { X(2, 3, 9, 11) }, TO(NEAREST_EXACT, 4, 3, 9.0 / 4, 11.0 / 3) },
    { .why = "nearest by the middle, more", .in = { X(1, 2, 7, 13) }, TO(NEAREST_EXACT, 17, 41, 7.0 / 17, 13.0 / 41) },
    { .why = "linear, twice as many", .in = { X(2, 3, 4, 5) }, TO(LINEAR, 8, 10, 0.5, 0.5), FINE },
    { .why = "linear, as many", .in = { X(2, 3, 4, 5) }, TO(LINEAR, 4, 5, 1, 1), FINE },
    { .why = "linear, fewer", .in = { X(2, 3, 9, 11) }, TO(LINEAR, 4, 3, 9.0 / 4, 11.0 / 3), FINE },
    { .why = "linear, more, of no simple ratio", .in = { X(1, 2, 7, 13) }, TO(LINEAR, 17, 41, 7.0 / 17, 13.0 / 41), FINE },
    { .why = "linear, a scale that is not that of the sizes", .in = { X(1, 2, 7, 9) },
      TO(LINEAR, 10, 13, 1 / 1.5, 1 / 1.5), FINE },
    { .why = "linear, from one element", .in = { X(2, 1, 1) }, TO(LINEAR, 3, 20, 1.0 / 3, 1.0 / 20), FINE },
    { .why = "linear, enough for threads", .in = { X(21, 14, 14) }, TO(LINEAR, 56, 61, 0.25, 14.0 / 61), FINE },
    { .why = "linear, more rows of both than are taken at a time", .in = { X(2, 35, 9) },
      TO(LINEAR, 71, 50, 35.0 / 71, 9.0 / 50), FINE },
    { .why = "linear, many rows of which fewer are made", .in = { X(2, 97, 70) },
      TO(LINEAR, 40, 19, 97.0 / 40, 70.0 / 19), FINE },
    { .why = "linear, long rows", .in = { X(2, 13, 30) }, TO(LINEAR, 29, 131, 13.0 / 29, 30.0 / 131), FINE },
    { .why = "nearest, more rows of both than are taken at a time", .in = { X(2, 35, 9) },
      TO(NEAREST, 71, 50, 35.0 / 71, 9.0 / 50) },
    { .why = "corners, more", .in = { X(1, 2, 7, 13) }, TO(CORNERS, 17, 41, 6.0 / 16, 12.0 / 40), FINE },
    { .why = "corners, fewer", .in = { X(2, 3, 9, 11) }, TO(CORNERS, 4, 3, 8.0 / 3, 10.0 / 2), FINE },
    { .why = "corners, to one element", .in = { X(2, 3, 4, 5) }, TO(CORNERS, 1, 1, 0, 0), FINE },
    { .why = "corners, from one element and from two", .in = { X(2, 1, 2) }, TO(CORNERS, 5, 40, 0, 1.0 / 39), FINE },
    { .why = "nearest: NaN and infinities stay alone", .in = { F32(DIMS(2, 9, 9), .fill = TENKA_FILL_SPECIAL) },
      TO(NEAREST, 14, 14, 9.0 / 14, 9.0 / 14), .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
