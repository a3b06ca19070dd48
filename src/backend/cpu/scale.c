/* y = s x, elementwise; s is scalar 0.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(scale_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0], s = a->scalar[0];
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++)
        y[i] = s * x[i];
}
