#include "check/check.h"

#define X(...) F32(DIMS(__VA_ARGS__), RANGE(-1.5, 1.5))
/* Rows so long that their products would grow. */
#define LONG(...) F32(DIMS(__VA_ARGS__), RANGE(-0.5, 0.5))
#define SELF(text, ...) { .why = text, .in = { X(__VA_ARGS__), X(__VA_ARGS__), X(__VA_ARGS__) }, .atol = 1e-5 }
#define CAUSAL PARAMS(attention, .causal = 1)

const struct tenka_op_case tenka_cases_attention[] = {
    SELF("one element", 1, 1),
    SELF("fewer columns than a vector", 5, 3),
    SELF("one less than a tile, no multiple of four", 31, 7),
    SELF("a tile", 32, 8),
    SELF("one more than a tile", 33, 16),
    SELF("a batch of heads", 2, 3, 9, 12),
    SELF("a batch of rank 6", 2, 1, 2, 2, 6, 5),
    { .why = "fewer queries than keys; values as wide as keys are not", .in = { X(2, 5, 4), X(2, 41, 4), X(2, 41, 9) },
      .atol = 1e-5 },
    { .why = "more queries than keys; narrow values", .in = { X(2, 43, 20), X(2, 3, 20), X(2, 3, 2) }, .atol = 1e-5 },
    { .why = "one query", .in = { X(3, 1, 8), X(3, 37, 8), X(3, 37, 8) }, .atol = 1e-5 },
    { .why = "one key, whose share is all", .in = { X(3, 37, 8), X(3, 1, 8), X(3, 1, 8) }, .atol = 1e-5 },
    { .why = "wider than a part, no multiple of four", .in = { LONG(35, 67), LONG(38, 67), X(38, 129) }, .atol = 1e-5,
      .flags = TENKA_CASE_VARIANTS },
    { .why = "wider than a part", .in = { LONG(2, 50, 128), LONG(2, 70, 128), X(2, 70, 96) }, .atol = 1e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "a head of a vision transformer", .in = { LONG(2, 197, 64), LONG(2, 197, 64), X(2, 197, 64) }, .atol = 2e-5,
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "more keys than a block on the CPU", .in = { X(35, 16), X(517, 16), X(517, 33) }, .atol = 2e-5,
      .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "causal", .in = { X(2, 37, 5), X(2, 37, 5), X(2, 37, 5) }, CAUSAL, .atol = 1e-5 },
    { .why = "causal, several tiles", .in = { X(2, 131, 16), X(2, 131, 16), X(2, 131, 16) }, CAUSAL, .atol = 2e-5,
      .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "causal, fewer keys", .in = { X(70, 6), X(37, 6), X(37, 6) }, CAUSAL, .atol = 1e-5 },
    { .why = "causal, fewer queries", .in = { X(37, 6), X(70, 6), X(70, 6) }, CAUSAL, .atol = 1e-5 },
    { .why = "one mask for all", .in = { X(2, 3, 7, 4), X(2, 3, 9, 4), X(2, 3, 9, 4), X(7, 9) }, .atol = 1e-5 },
    { .why = "a mask for each head, as a window has them", .in = { X(5, 3, 49, 32), X(5, 3, 49, 32), X(5, 3, 49, 32),
      X(3, 49, 49) }, .atol = 3e-5, .flags = TENKA_CASE_NO_GRADIENT | TENKA_CASE_VARIANTS },
    { .why = "a mask for each image", .in = { X(3, 2, 7, 4), X(3, 2, 9, 4), X(3, 2, 9, 4), X(3, 1, 7, 9) },
      .atol = 1e-5 },
    { .why = "a mask that skips an axis", .in = { X(2, 3, 2, 5, 4), X(2, 3, 2, 6, 4), X(2, 3, 2, 6, 4), X(2, 1, 2, 5, 6) },
      .atol = 1e-5 },
    { .why = "a mask for each batch, causal too", .in = { X(3, 40, 4), X(3, 40, 4), X(3, 40, 4), X(3, 40, 40) }, CAUSAL,
      .atol = 1e-5 },
    { .why = "keys that are hidden", .in = { X(3, 5, 4), X(3, 70, 4), X(3, 70, 4),
      F32(DIMS(3, 5, 70), .fill = TENKA_FILL_MASKED) }, .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "NaN in a query, a key and a mask stays in its rows", .in = { F32(DIMS(21, 1), .fill = TENKA_FILL_NAN_LAST),
      X(35, 1), X(35, 6), F32(DIMS(21, 35), .fill = TENKA_FILL_NAN_LAST) }, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "infinities and NaN in masks", .in = { X(9, 3), X(6, 3), X(6, 6), F32(DIMS(9, 6), .fill = TENKA_FILL_SPECIAL) },
      .atol = 1e-5, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "exp() of these scores alone would overflow", .in = { F32(DIMS(40, 9), RANGE(-20, 20)),
      F32(DIMS(70, 9), RANGE(-20, 20)), X(70, 5) }, .atol = 5e-3, .rtol = 1e-3, .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
