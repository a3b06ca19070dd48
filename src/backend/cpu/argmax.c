/* y = index of the first maximum along the middle axis of x [outer, len, inner], int32; of the first NaN if there
 * is one.
 *   fwd  x -> y [outer, inner] */
#include "backend/cpu/index.h"

static int32_t first_maximum(const tenka_real *x, int32_t len, ptrdiff_t step)
{
    int32_t best = 0;
    for (int32_t i = 0; i < len; i++) {
        if (isnan(x[i * step]))
            return i;
        if (x[i * step] > x[best * step])
            best = i;
    }
    return best;
}

void TENKA_CPU(argmax_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_axis *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    int32_t *y = a->out[0];
    const ptrdiff_t lines = (ptrdiff_t)p->outer * p->inner, block = (ptrdiff_t)p->len * p->inner;
#pragma omp parallel for if (lines * p->len > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < lines; i++)
        y[i] = first_maximum(x + i / p->inner * block + i % p->inner, p->len, p->inner);
}
