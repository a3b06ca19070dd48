/* Helpers that several CPU kernels share: walking strided shapes by rows, sums in a fixed order. */
#ifndef TENKA_CPU_INDEX_H
#define TENKA_CPU_INDEX_H

#include "backend/cpu/kernel.h"

/* Below this many elements, starting threads costs more than an elementwise loop. */
#define TENKA_CPU_SMALL 16384

/* An index space of six axes, of which one or two operands are read with strides. The last axis is the row. */
struct TENKA_CPU(grid) {
    int32_t dim[6];
    int32_t stride[2][6];
    ptrdiff_t rows; /* product of all dims but the last */
};

/* Joins neighbouring axes where the strides allow it, so that rows become as long as possible; first operand
 * strides in a, second in b (pass a twice for one operand). */
static inline void TENKA_CPU(grid_init)(struct TENKA_CPU(grid) *g, const int32_t dim[6], const int32_t a[6],
                                        const int32_t b[6])
{
    int at = 5;
    for (int i = 0; i < 6; i++) {
        g->dim[i] = 1;
        g->stride[0][i] = g->stride[1][i] = 0;
    }
    g->dim[5] = dim[5];
    g->stride[0][5] = a[5];
    g->stride[1][5] = b[5];
    for (int i = 4; i >= 0; i--) {
        if (dim[i] == 1)
            continue;
        const bool joins = a[i] == g->stride[0][at] * g->dim[at] && b[i] == g->stride[1][at] * g->dim[at];
        if (joins || g->dim[at] == 1) {
            if (g->dim[at] == 1) {
                g->stride[0][at] = a[i];
                g->stride[1][at] = b[i];
            }
            g->dim[at] *= dim[i];
            continue;
        }
        at--;
        g->dim[at] = dim[i];
        g->stride[0][at] = a[i];
        g->stride[1][at] = b[i];
    }
    g->rows = 1;
    for (int i = 0; i < 5; i++)
        g->rows *= g->dim[i];
}

/* Where row number `row` begins in operand k. */
static inline ptrdiff_t TENKA_CPU(grid_row)(const struct TENKA_CPU(grid) *g, int k, ptrdiff_t row)
{
    ptrdiff_t offset = 0;
    for (int i = 4; i >= 0 && row > 0; i--) {
        offset += row % g->dim[i] * g->stride[k][i];
        row /= g->dim[i];
    }
    return offset;
}

/* y = x read through p: expand and permute. */
static inline void TENKA_CPU(read_strided)(tenka_real *y, const tenka_real *x, const struct tenka_p_strided *p)
{
    struct TENKA_CPU(grid) g;
    TENKA_CPU(grid_init)(&g, p->dim, p->stride, p->stride);
    const ptrdiff_t n = g.dim[5], step = g.stride[0][5];
#pragma omp parallel for if (g.rows * n > TENKA_CPU_SMALL)
    for (ptrdiff_t row = 0; row < g.rows; row++) {
        const tenka_real *from = x + TENKA_CPU(grid_row)(&g, 0, row);
        tenka_real *to = y + row * n;
        if (step == 1)
            memcpy(to, from, (size_t)n * sizeof(*to));
        else
            for (ptrdiff_t i = 0; i < n; i++)
                to[i] = from[i * step];
    }
}

/* Sum of x[0 .. n-1] in double. Eight running sums in a fixed order, so that the loop vectorises. */
static inline double TENKA_CPU(sum_span)(const tenka_real *x, ptrdiff_t n)
{
    double part[8] = {0}, total = 0;
    ptrdiff_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; j++)
            part[j] += x[i + j];
    for (; i < n; i++)
        total += x[i];
    for (int j = 0; j < 8; j++)
        total += part[j];
    return total;
}

#endif
