/* The gradients of y = x weight' + bias, where x may be the output of an activation.
 *   fwd  x, weight, dy -> dx = dy weight, back through the activation; dweight, dbias or NULL */
#include "backend/cpu/kernel.h"

void TENKA_CPU(linear_backward_fwd)(const struct TENKA_CPU(args) *a)
{
    struct TENKA_CPU(args) dw = *a;
    TENKA_CPU(linear_dx)(a);
    dw.in[1] = a->in[2];
    dw.out[0] = a->out[1];
    dw.out[1] = a->out[2];
    TENKA_CPU(linear_dw)(&dw);
}
