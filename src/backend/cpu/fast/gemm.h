/* Products of matrices, for the kernels of this folder. */
#ifndef TENKA_FAST_GEMM_H
#define TENKA_FAST_GEMM_H

#include <stddef.h>

#include "backend/cpu/fast/kernels.h"

/* C = A B for each of `batch` pairs, A [m, k], B [k, n], C [m, n]; then what finish says, of which all is optional.
 * A is stored by rows lda apart, or transposed, [k, m]; B and C likewise. Pairs lie step_a, step_b, step_c apart. */
struct gemm {
    ptrdiff_t batch, m, n, k;
    const float *a, *b;
    float *c;
    ptrdiff_t lda, ldb, ldc, step_a, step_b, step_c;
    bool trans_a, trans_b;
    struct gemm_finish {
        const float *bias; /* of each column: is added */
        bool relu;         /* then what is < 0 becomes 0; NaN stays */
        const float *mask; /* stored as C: where it is <= 0, C becomes 0 */
    } finish;
};

/* Part of one product: rows i .. i_end-1, columns j .. j_end-1. What an element is does not depend on its part. */
struct gemm_part {
    ptrdiff_t i, i_end, j, j_end;
};

static inline ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static inline ptrdiff_t parts_of(ptrdiff_t n, ptrdiff_t size)
{
    return n / size + (n % size != 0);
}

static inline ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t to)
{
    return parts_of(n, to) * to;
}

/* gemm.c: bytes of scratch memory for, and the product itself. */
size_t TENKA_FAST(gemm_scratch)(const struct gemm *g, int threads);
void TENKA_FAST(gemm)(const struct gemm *g, int threads, void *scratch);
/* Adds a block of sums, width columns, its rows step floats apart, to a place in C, or writes it there. */
void TENKA_FAST(gemm_put)(const float *sums, ptrdiff_t step, float *c, ptrdiff_t ldc, ptrdiff_t rows, ptrdiff_t width,
                          bool add);
/* The finish of a block of C that begins at [i, j]. */
void TENKA_FAST(gemm_finish)(const struct gemm *g, ptrdiff_t i, ptrdiff_t j, ptrdiff_t rows, ptrdiff_t width);

/* gemm_tiles.c: any storage. Tiles of GEMM_ROWS x GEMM_COLUMNS stay in registers. scratch: gemm_tiles_scratch
 * floats of the calling thread, aligned. */
enum { GEMM_ROWS = LANES == 16 ? 12 : LANES == 8 ? 6 : 4, GEMM_COLUMNS = 2 * LANES };
size_t TENKA_FAST(gemm_tiles_scratch)(const struct gemm *g);
/* to[t * to_step + i] = from[i * step + t] for i < rows <= LANES, t < k. Every line is written with all LANES, those
 * from rows on 0; lines may overlap, as a line is written after the one before it. */
void TENKA_FAST(pack_across)(float *to, ptrdiff_t to_step, const float *from, ptrdiff_t step, ptrdiff_t rows,
                             ptrdiff_t k);
void TENKA_FAST(gemm_tiles)(const struct gemm *g, const struct gemm_part *part, float *scratch);

/* gemm_dots.c: A as it stands, B transposed, so that both are contiguous along k. Nothing is packed. */
enum { GEMM_DOT_ROWS = LANES == 16 ? 6 : LANES == 8 ? 3 : 2, GEMM_DOT_COLUMNS = 4 };
void TENKA_FAST(gemm_dots)(const struct gemm *g, const struct gemm_part *part);

#endif
