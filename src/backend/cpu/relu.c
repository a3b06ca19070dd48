/* y = max(x, 0), elementwise; NaN stays NaN.
 *   fwd  x -> y
 *   dx   y, dy -> dx = dy where y > 0, else 0; where y is NaN, dy passes, as in PyTorch's threshold_backward */
#include "backend/cpu/index.h"

void TENKA_CPU(relu_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] <= 0 ? 0 : x[i];
}

void TENKA_CPU(relu_dx)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *y = a->in[0], *dy = a->in[1];
    tenka_real *dx = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++) {
        const tenka_real d = dy[i]; /* read in any case, so that the loop vectorises */
        dx[i] = y[i] <= 0 ? 0 : d;
    }
}
