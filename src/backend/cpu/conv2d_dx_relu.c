/* The gradient of a convolution's input, sent on through the ReLU that made the input.
 *   fwd  weight, dy, mask -> dx (0 where mask <= 0) */
#include "backend/cpu/kernel.h"

void TENKA_CPU(conv2d_dx_relu_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) relu = *a;
    relu.in[0] = a->in[2];
    relu.in[1] = a->out[0];
    TENKA_CPU(conv2d_dx)(a);
    TENKA_CPU(relu_dx)(&relu);
}
