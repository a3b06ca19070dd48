/* y = the sum of x's parts, which lie along its first axis, in their order.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(sum_parts_fwd)(const struct TENKA_CPU(args) *a)
{
    const size_t parts = a->in_desc[0].shape.dim[0];
    const tenka_real *x = a->in[0];
    tenka_real *y = a->out[0];
#pragma omp parallel for if (a->n * parts > TENKA_CPU_SMALL)
    for (size_t i = 0; i < a->n; i++) {
        double sum = 0;
        for (size_t part = 0; part < parts; part++)
            sum += x[part * a->n + i];
        y[i] = (tenka_real)sum;
    }
}
