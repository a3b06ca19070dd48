/* y = min(1, max_norm / (x + 1e-6)) for a norm x; NaN stays NaN. max_norm is scalar 0. As PyTorch's clip_grad_norm_.
 *   fwd  x -> y */
#include "backend/cpu/index.h"

void TENKA_CPU(clip_coefficient_fwd)(const struct TENKA_CPU(args) *a)
{
    const tenka_real *x = a->in[0], max_norm = a->scalar[0];
    tenka_real *y = a->out[0];
    for (size_t i = 0; i < a->n; i++) {
        const tenka_real c = max_norm / (x[i] + (tenka_real)1e-6);
        y[i] = c > 1 ? 1 : c;
    }
}
