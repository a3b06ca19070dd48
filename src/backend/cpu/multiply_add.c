/* y = sum of 16 values that begin as x, x + 1, ... and become v * a + b in each round; for measuring arithmetic.
 *   fwd  x -> y   scalars: a, b */
#include "backend/cpu/index.h"
#include "op/tiles.h"

void TENKA_CPU(multiply_add_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_repeat *p = (const struct tenka_p_repeat *)a->params;
    const tenka_real *x = a->in[0], factor = a->scalar[0], add = a->scalar[1];
    tenka_real *y = a->out[0];
    const size_t n = a->n;
#pragma omp parallel for
    for (size_t i = 0; i < n; i++) {
        tenka_real v[MULTIPLY_ADD_CHAINS], sum = 0;
        for (int k = 0; k < MULTIPLY_ADD_CHAINS; k++)
            v[k] = x[i] + (tenka_real)k;
        for (int32_t r = 0; r < p->rounds; r++)
            for (int k = 0; k < MULTIPLY_ADD_CHAINS; k++)
                v[k] = v[k] * factor + add;
        for (int k = 0; k < MULTIPLY_ADD_CHAINS; k++)
            sum += v[k];
        y[i] = sum;
    }
}
