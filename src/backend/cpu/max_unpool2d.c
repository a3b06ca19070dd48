/* y[c, index[c, i]] = x[c, i], 0 where no index says; of several that say the same the last. x: planes of [oh, ow], y: of
 * [h, w].
 *   fwd  x, index -> y
 *   dx   index, dy -> dx: dy at the index */
#include "backend/cpu/kernel.h"

void TENKA_CPU(max_unpool2d_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_unpool2d *p = (const void *)a->params;
    const tenka_real *x = a->in[0];
    const int32_t *index = a->in[1];
    tenka_real *y = a->out[0];
    const ptrdiff_t inputs = (ptrdiff_t)p->oh * p->ow, outputs = (ptrdiff_t)p->h * p->w;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++) {
        memset(y + c * outputs, 0, (size_t)outputs * sizeof(*y));
        for (ptrdiff_t i = c * inputs; i < (c + 1) * inputs; i++)
            if (index[i] >= 0 && index[i] < outputs)
                y[c * outputs + index[i]] = x[i];
    }
}

void TENKA_CPU(max_unpool2d_dx)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_unpool2d *p = (const void *)a->params;
    const int32_t *index = a->in[0];
    const tenka_real *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const ptrdiff_t inputs = (ptrdiff_t)p->oh * p->ow, outputs = (ptrdiff_t)p->h * p->w;
#pragma omp parallel for
    for (int32_t c = 0; c < p->nc; c++)
        for (ptrdiff_t i = c * inputs; i < (c + 1) * inputs; i++)
            dx[i] = index[i] >= 0 && index[i] < outputs ? dy[c * outputs + index[i]] : 0;
}
