/* z = a x + b y, elementwise; the scalars are a and b.
 *   fwd  x, y -> z */
#include "backend/cpu/index.h"

void TENKA_CPU(axpby_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0], *y = a->in[1], of_x = a->scalar[0], of_y = a->scalar[1];
    tenka_real *z = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for simd if (parallel : n > TENKA_CPU_SMALL)
    for (size_t i = 0; i < n; i++)
        z[i] = of_x * x[i] + of_y * y[i];
}
