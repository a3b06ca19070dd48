/* y = x / divide, axes of size 1 repeated: the gradient of a sum or, divided, of a mean.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(expand_fwd)(const struct TENKA_CPU(args) *a)
{
    const struct tenka_p_strided *p = (const void *)a->params;
    tenka_real *y = a->out[0];
    const tenka_real divide = (tenka_real)p->divide;
    TENKA_CPU(read_strided)(y, a->in[0], p);
    if (p->divide != 1)
        for (size_t i = 0; i < a->n; i++)
            y[i] /= divide;
}
