/* A part of x along one axis.
 *   fwd  x -> y
 *   dx   dy -> dx: dy at its place, 0 around it */
#include "backend/cpu/index.h"

void TENKA_CPU(slice_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_part *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t o = 0; o < p->outer; o++)
        memcpy(y + o * p->part, x + o * p->whole + p->begin, (size_t)p->part * sizeof(*y));
}

void TENKA_CPU(slice_dx)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_part *p = (const void *)a->params;
    const tenka_real *dy = a->in[0];
    tenka_real *dx = a->out[0];
#pragma omp parallel for if (a->n > TENKA_CPU_SMALL)
    for (ptrdiff_t o = 0; o < p->outer; o++) {
        tenka_real *row = dx + o * p->whole;
        const ptrdiff_t end = p->begin + p->part;
        memset(row, 0, (size_t)p->begin * sizeof(*row));
        memcpy(row + p->begin, dy + o * p->part, (size_t)p->part * sizeof(*row));
        memset(row + end, 0, (size_t)(p->whole - end) * sizeof(*row));
    }
}
