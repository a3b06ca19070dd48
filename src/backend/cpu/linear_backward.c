/* The gradients of y = x weight' + bias, whose input may be the output of a ReLU: that is then the mask.
 *   fwd  x, weight, dy, mask or NULL -> dx = dy weight (0 where mask <= 0), dweight, dbias or NULL */
#include "backend/cpu/kernel.h"

void TENKA_CPU(linear_backward_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) dx = *a, dw = *a, relu = *a;
    dx.in[0] = a->in[1];
    dx.in[1] = a->in[2];
    TENKA_CPU(linear_dx)(&dx);
    dw.in[1] = a->in[2];
    dw.out[0] = a->out[1];
    dw.out[1] = a->out[2];
    TENKA_CPU(linear_dw)(&dw);
    relu.in[0] = a->in[3];
    relu.in[1] = a->out[0];
    if (a->in[3])
        TENKA_CPU(relu_dx)(&relu);
}
