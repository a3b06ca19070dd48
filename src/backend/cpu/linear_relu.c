/* y = max(x weight' + bias, 0); NaN stays NaN.
 *   fwd  x, weight, bias or NULL -> y */
#include "backend/cpu/kernel.h"

void TENKA_CPU(linear_relu_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) relu = *a;
    relu.in[0] = a->out[0];
    TENKA_CPU(linear_fwd)(a);
    TENKA_CPU(relu_fwd)(&relu);
}
