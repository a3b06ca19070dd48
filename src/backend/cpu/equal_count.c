/* y = number of i with a[i] == b[i], both int32; a real, exact up to 2^24 in f32.
 *   fwd  a, b -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(equal_count_fwd)(const struct TENKA_CPU(args) *args)
{
    const struct tenka_p_channels *p = (const void *)args->params;
    const int32_t *a = args->in[0], *b = args->in[1];
    tenka_real *y = args->out[0];
    int32_t count = 0;
    for (int32_t i = 0; i < p->n; i++)
        count += a[i] == b[i];
    y[0] = (tenka_real)count;
}
