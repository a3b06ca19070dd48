/* y = a - b, elementwise with broadcasting.
 *   fwd  a, b -> y */
#include "backend/cpu/index.h"

static inline void row(tenka_real *y, const tenka_real *a, ptrdiff_t step_a, const tenka_real *b, ptrdiff_t step_b,
                       ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] = a[i * step_a] - b[i * step_b];
}

void TENKA_CPU(sub_fwd)(const struct TENKA_CPU(args) *args)
{
    const struct tenka_p_broadcast *p = (const void *)args->params;
    const tenka_real *a = args->in[0], *b = args->in[1];
    tenka_real *y = args->out[0];
    struct TENKA_CPU(grid) g;
    TENKA_CPU(grid_init)(&g, p->dim, p->sa, p->sb);
    const ptrdiff_t n = g.dim[5], step_a = g.stride[0][5], step_b = g.stride[1][5];
#pragma omp parallel for if (args->n > TENKA_CPU_SMALL)
    for (ptrdiff_t r = 0; r < g.rows; r++) {
        const tenka_real *ra = a + TENKA_CPU(grid_row)(&g, 0, r), *rb = b + TENKA_CPU(grid_row)(&g, 1, r);
        /* The common steps are named so that each becomes its own vectorised loop. */
        if (step_a == 1 && step_b == 1)
            row(y + r * n, ra, 1, rb, 1, n);
        else if (step_a == 1 && step_b == 0)
            row(y + r * n, ra, 1, rb, 0, n);
        else if (step_a == 0 && step_b == 1)
            row(y + r * n, ra, 0, rb, 1, n);
        else
            row(y + r * n, ra, step_a, rb, step_b, n);
    }
}
