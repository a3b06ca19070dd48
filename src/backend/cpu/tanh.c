/* y = tanh(x), elementwise.
 *   fwd  x -> y
 *   dx   y, dy -> dx = dy (1 - y^2) */
#include "backend/cpu/index.h"

void TENKA_CPU(tanh_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for if (n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++)
        y[i] = tanh(x[i]);
}

void TENKA_CPU(tanh_dx)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *y = a->in[0], *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * (1 - y[i] * y[i]);
}
