/* y[i, k] = 1 where k is x[i], else 0; a row of NaN where x[i] is no class.
 *   fwd  x [n] of classes -> y [n, c] */
#include "backend/cpu/index.h"

void TENKA_CPU(one_hot_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_classes *p = (const void *)a->params;
    const int32_t *x = a->in[0];
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t i = 0; i < p->n; i++) {
        const bool there = x[i] >= 0 && x[i] < p->c;
        for (ptrdiff_t k = 0; k < p->c; k++)
            y[i * p->c + k] = there ? k == x[i] : (tenka_real)NAN;
    }
}
