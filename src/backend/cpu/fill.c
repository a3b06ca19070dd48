/* y = s in every element; s is scalar 0.
 *   fwd  -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(fill_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real s = a->scalar[0];
    tenka_real *y = a->out[0];
    for (size_t i = 0; i < a->n; i++)
        y[i] = s;
}
