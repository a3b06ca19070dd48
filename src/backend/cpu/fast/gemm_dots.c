/* A product of rows by rows, both contiguous along k: GEMM_DOT_ROWS rows of A times GEMM_DOT_COLUMNS of the transposed
 * B, one vector of running sums for each pair. An element of C is the sum of the lanes over each block of BLOCK_K, these
 * added in their order. */
#include "backend/cpu/fast/gemm.h"

/* Rows of A over a block stay in the first cache while a block of columns, in the second, meets them. */
enum { BLOCK_K = 1280, BLOCK_N = 64 };

typedef float quad __attribute__((vector_size(16)));
typedef float quad_unaligned __attribute__((vector_size(16), aligned(4), may_alias));

/* The sums of four lanes that lie LANES / 4 apart. */
ALWAYS_INLINE quad fold(vec v)
{
    quad part[LANES / 4];
    memcpy(part, &v, sizeof(part));
    UNROLL
    for (int half = LANES / 8; half > 0; half /= 2)
        UNROLL
    for (int i = 0; i < half; i++)
        part[i] += part[i + half];
    return part[0];
}

/* {sum of v[0], sum of v[1], sum of v[2], sum of v[3]} */
ALWAYS_INLINE quad sum_each(const vec v[4])
{
    const quad a = fold(v[0]), b = fold(v[1]), c = fold(v[2]), d = fold(v[3]);
    const quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

/* sums[i][j] = sum over t < k of a[i * lda + t] b[j][t] */
ALWAYS_INLINE void dots(int rows, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *const b[GEMM_DOT_COLUMNS],
                        float sums[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS])
{
    vec sum[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS], row[GEMM_DOT_ROWS];
    const float *const column[GEMM_DOT_COLUMNS] = {b[0], b[1], b[2], b[3]};
    UNROLL
    for (int i = 0; i < rows; i++)
        UNROLL
    for (int j = 0; j < GEMM_DOT_COLUMNS; j++)
        sum[i][j] = (vec){0};
    ptrdiff_t t = 0;
    for (; t + LANES <= k; t += LANES) {
        UNROLL
        for (int i = 0; i < rows; i++)
            row[i] = load(a + i * lda + t);
        UNROLL
        for (int j = 0; j < GEMM_DOT_COLUMNS; j++) {
            const vec other = load(column[j] + t);
            UNROLL
            for (int i = 0; i < rows; i++)
                sum[i][j] += row[i] * other;
        }
    }
    if (t < k) {
        UNROLL
        for (int i = 0; i < rows; i++)
            row[i] = load_lanes(a + i * lda + t, 0, (int)(k - t));
        UNROLL
        for (int j = 0; j < GEMM_DOT_COLUMNS; j++) {
            const vec other = load_lanes(column[j] + t, 0, (int)(k - t));
            UNROLL
            for (int i = 0; i < rows; i++)
                sum[i][j] += row[i] * other;
        }
    }
    UNROLL
    for (int i = 0; i < rows; i++)
        *(quad_unaligned *)sums[i] = sum_each(sum[i]);
}

typedef void dots_function(ptrdiff_t k, const float *a, ptrdiff_t lda, const float *const b[GEMM_DOT_COLUMNS],
                           float sums[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS]);

#define DOTS(rows)                                                                                              \
    static void dots_##rows(ptrdiff_t k, const float *a, ptrdiff_t lda, const float *const b[GEMM_DOT_COLUMNS], \
                            float sums[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS])                                        \
    {                                                                                                           \
        dots(rows, k, a, lda, b, sums);                                                                         \
    }

DOTS(1)
DOTS(2)
#ifdef __AVX2__
DOTS(3)
#endif
#ifdef __AVX512F__
DOTS(4)
DOTS(5)
DOTS(6)
#endif

/* By rows. */
static dots_function *const functions[GEMM_DOT_ROWS] = {
    dots_1, dots_2,
#ifdef __AVX2__
    dots_3,
#endif
#ifdef __AVX512F__
    dots_4, dots_5, dots_6,
#endif
};

static void put_quads(float sums[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS], float *c, ptrdiff_t ldc, ptrdiff_t rows, bool add)
{
    for (ptrdiff_t i = 0; i < rows; i++) {
        quad_unaligned *to = (quad_unaligned *)(c + i * ldc);
        quad sum = *(quad_unaligned *)sums[i];
        if (add)
            sum += *to;
        *to = sum;
    }
}

/* Rows from i on, columns from j on, over the block t .. t+k-1. */
static void multiply(const struct gemm *g, ptrdiff_t i, ptrdiff_t rows, ptrdiff_t j, ptrdiff_t columns, ptrdiff_t t,
                     ptrdiff_t k)
{
    const float *b[GEMM_DOT_COLUMNS];
    float sums[GEMM_DOT_ROWS][GEMM_DOT_COLUMNS];
    /* Where columns end, the last one is computed again. */
    for (ptrdiff_t c = 0; c < GEMM_DOT_COLUMNS; c++)
        b[c] = g->b + (j + least(c, columns - 1)) * g->ldb + t;
    functions[rows - 1](k, g->a + i * g->lda + t, g->lda, b, sums);
    if (columns == GEMM_DOT_COLUMNS)
        put_quads(sums, g->c + i * g->ldc + j, g->ldc, rows, t > 0);
    else
        TENKA_FAST(gemm_put)(sums[0], GEMM_DOT_COLUMNS, g->c + i * g->ldc + j, g->ldc, rows, columns, t > 0);
}

/* Columns from first on, over the block t .. t+k-1. */
static void multiply_columns(const struct gemm *g, const struct gemm_part *part, ptrdiff_t first, ptrdiff_t t,
                             ptrdiff_t k)
{
    const ptrdiff_t end = least(first + BLOCK_N, part->j_end);
    for (ptrdiff_t i = part->i; i < part->i_end; i += GEMM_DOT_ROWS) {
        const ptrdiff_t rows = least(GEMM_DOT_ROWS, part->i_end - i);
        for (ptrdiff_t j = first; j < end; j += GEMM_DOT_COLUMNS)
            multiply(g, i, rows, j, least(GEMM_DOT_COLUMNS, end - j), t, k);
        if (t + k == g->k)
            TENKA_FAST(gemm_finish)(g, i, first, rows, end - first);
    }
}

void TENKA_FAST(gemm_dots)(const struct gemm *g, const struct gemm_part *part)
{
    const ptrdiff_t block = round_up(parts_of(g->k, parts_of(g->k, BLOCK_K)), LANES);
    for (ptrdiff_t j = part->j; j < part->j_end; j += BLOCK_N)
        for (ptrdiff_t t = 0; t < g->k; t += block)
            multiply_columns(g, part, j, t, least(block, g->k - t));
}
