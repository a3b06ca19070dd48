#include "check/check.h"

#define PLAIN(m, k, n, text) { .why = text, .in = { F32(DIMS(m, k)), F32(DIMS(k, n)) } }
#define TRANSPOSE(ta, tb) PARAMS(matmul, .trans_a = ta, .trans_b = tb)
/* Past the blocks of the CPU's fast kernels (src/backend/cpu/fast): how A and B are stored, their shapes. */
#define BLOCKS(ta, tb, a, b, text) \
    { .why = text, .in = { F32(a), F32(b) }, TRANSPOSE(ta, tb), .atol = 3e-5, .flags = TENKA_CASE_NO_GRADIENT }

const struct tenka_op_case tenka_cases_matmul[] = {
    PLAIN(1, 1, 1, "one element"),
    PLAIN(1, 17, 1, "a dot product"),
    PLAIN(17, 1, 13, "an outer product"),
    PLAIN(1, 19, 23, "a row times a matrix"),
    PLAIN(19, 23, 1, "a matrix times a column"),
    PLAIN(3, 3, 3, "one less than a block"),
    PLAIN(4, 4, 4, "a block"),
    PLAIN(5, 5, 5, "one more than a block"),
    PLAIN(15, 16, 17, "about 16"),
    PLAIN(31, 33, 32, "about 32"),
    PLAIN(63, 65, 64, "about 64"),
    PLAIN(65, 63, 65, "one more than 64"),
    PLAIN(37, 41, 43, "primes"),
    { .why = "long sums; they cancel, so the bound goes with the root of their length",
      .in = { F32(DIMS(5, 4099)), F32(DIMS(4099, 6)) }, .atol = 1e-4, .flags = TENKA_CASE_NO_GRADIENT },
    { .why = "A transposed", .in = { F32(DIMS(7, 5)), F32(DIMS(7, 9)) }, TRANSPOSE(1, 0) },
    { .why = "B transposed", .in = { F32(DIMS(5, 7)), F32(DIMS(9, 7)) }, TRANSPOSE(0, 1) },
    { .why = "both transposed", .in = { F32(DIMS(7, 5)), F32(DIMS(9, 7)) }, TRANSPOSE(1, 1) },
    { .why = "A transposed, larger", .in = { F32(DIMS(67, 35)), F32(DIMS(67, 70)) }, TRANSPOSE(1, 0), .atol = 1e-5 },
    { .why = "B transposed, larger", .in = { F32(DIMS(35, 67)), F32(DIMS(70, 67)) }, TRANSPOSE(0, 1), .atol = 1e-5 },
    { .why = "both transposed, larger", .in = { F32(DIMS(67, 35)), F32(DIMS(70, 67)) }, TRANSPOSE(1, 1), .atol = 1e-5 },
    BLOCKS(0, 0, DIMS(125, 3), DIMS(3, 33), "more rows than a block"),
    BLOCKS(0, 0, DIMS(2, 3), DIMS(3, 1057), "more columns than a block; few rows"),
    BLOCKS(0, 0, DIMS(27, 521), DIMS(521, 50), "more terms than two blocks"),
    BLOCKS(1, 0, DIMS(261, 25), DIMS(261, 39), "more terms than a block, A transposed"),
    BLOCKS(0, 1, DIMS(7, 2061), DIMS(9, 2061), "more terms than two blocks, B transposed"),
    BLOCKS(0, 1, DIMS(20, 601), DIMS(61, 601), "enough for threads and not worth packing, B transposed"),
    BLOCKS(0, 1, DIMS(259, 19), DIMS(257, 19), "rows and columns that are worth packing, B transposed"),
    BLOCKS(0, 1, DIMS(150, 100), DIMS(75, 100), "enough for threads, B transposed"),
    BLOCKS(1, 0, DIMS(100, 75), DIMS(100, 150), "enough for threads, A transposed"),
    BLOCKS(1, 0, DIMS(3, 100, 61), DIMS(3, 100, 70), "a batch and threads, A transposed"),
    { .why = "a batch of sums of many parts, the last ones empty",
      .in = { F32(DIMS(2, 8, 520)), F32(DIMS(2, 520, 12)) },
      .atol = 1e-5 },
    { .why = "a batch of products", .in = { F32(DIMS(3, 5, 7)), F32(DIMS(3, 7, 9)) } },
    { .why = "a batch of one", .in = { F32(DIMS(1, 5, 7)), F32(DIMS(1, 7, 9)) } },
    { .why = "a batch, A transposed", .in = { F32(DIMS(3, 7, 5)), F32(DIMS(3, 7, 9)) }, TRANSPOSE(1, 0) },
    { .why = "a batch, B transposed", .in = { F32(DIMS(3, 5, 7)), F32(DIMS(3, 9, 7)) }, TRANSPOSE(0, 1) },
    { .why = "a batch, both transposed", .in = { F32(DIMS(3, 7, 5)), F32(DIMS(3, 9, 7)) }, TRANSPOSE(1, 1) },
    { .why = "NaN stays in its row", .in = { F32(DIMS(13, 3), .fill = TENKA_FILL_NAN), F32(DIMS(3, 6)) },
      .flags = TENKA_CASE_NO_GRADIENT },
    { 0 },
};
