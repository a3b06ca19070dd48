/* y = x with its axes in another order.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(permute_fwd)(const struct TENKA_CPU(args) *a)
{
    TENKA_CPU(read_strided)(a->out[0], a->in[0], (const void *)a->params);
}
