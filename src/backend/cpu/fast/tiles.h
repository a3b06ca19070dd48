/* Two matrix products whose inner loops live in registers. Both read one factor through pointers into a larger array,
 * so that the rows of an im2col matrix need not be written out: row k begins at x + at[k].
 *
 *   multiply  y[i, p] = sum over k of w[i, k] x[at[k] + p]    vectors along p, w packed and broadcast
 *   dots      z[i, k] = sum over p of d[i, p] x[at[k] + p]    vectors along p, summed at the end
 *
 * A tile of rows and columns of the result stays in registers while k, or p, runs. Tiles cut the result evenly, so that
 * none is much smaller than the others; each element is summed in the same order whatever tile it lies in. */
#ifndef TENKA_FAST_TILES_H
#define TENKA_FAST_TILES_H

#include <stddef.h>

#include "backend/cpu/fast/kernels.h"

/* The largest tiles: results, one factor's vectors and one of the other fill the registers. */
enum {
    TILE_ROWS = 6,
    TILE_VECTORS = REGISTERS == 32 ? 4 : 2,
    DOT_ROWS = REGISTERS == 32 ? 5 : 3,
    DOT_COLUMNS = REGISTERS == 32 ? 5 : 4,
};

static inline int div_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* Begin of part i when n things are cut into parts of almost equal size. */
static inline int cut(int n, int parts, int i)
{
    return (int)((int64_t)n * i / parts);
}

struct product {
    int m, n, k;       /* y is [m, n] */
    int terms;         /* that are added up at a time, before they are added to the sum; 0: all k */
    const float *w;    /* as pack() leaves it */
    const int32_t *at; /* k of them */
    const float *x;    /* at each x + at[k], n elements count, but whole vectors are read */
    float *y;
    ptrdiff_t next_y;  /* from row to row */
    const float *bias; /* m values to add, or NULL */
    bool add;          /* to what y holds */
    bool relu;         /* then set to 0 what is < 0 */
    const float *mask; /* laid out as y; where it is <= 0 the result is 0; NULL: none */
};

/* Blocks of rows that multiply() and pack() work in. */
static inline int row_blocks(int m)
{
    return div_up(m, TILE_ROWS);
}

/* Blocks first .. end-1 of y's rows. */
void TENKA_FAST(multiply)(const struct product *p, int first, int end);

/* One block of rows of w for multiply(): out + k * (first row of the block) is where it goes, k-major. Element (i, k)
 * is read at w[row[i] + step[k]]. */
void TENKA_FAST(pack)(float *out, const float *w, const int32_t *row, const int32_t *step, int m, int k, int block);

struct dot_product {
    int m, k, n;    /* z is [m, k] */
    const float *d; /* [m, n], rows filled with zeros to whole vectors */
    ptrdiff_t next_d;
    const int32_t *at; /* k of them */
    const float *x;    /* at each x + at[k], exactly n elements are read */
    float *z;          /* [m, k], to which the sums are added */
    ptrdiff_t next_z;
};

void TENKA_FAST(dots)(const struct dot_product *p);

#endif
