/* x at its place in y, of which the rest stays as it is.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(put_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_part *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t o = 0; o < p->outer; o++)
        memcpy(y + o * p->whole + p->begin, x + o * p->part, (size_t)p->part * sizeof(*y));
}
